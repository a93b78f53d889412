//! A journal that is being written: what its writer has not finished is left out, so that it reads as a whole one.

use crate::error::{DamageKind, JournalError};
use crate::line;
use crate::segment::Segment;
use crate::source::LineSource;
use reprise_model::event::Class;

/// Takes off the last segments what is behind the last whole batch. Damage is left for the reader to find.
///
/// # Errors
/// When a segment cannot be read.
pub(crate) fn leave_out(segments: &mut Vec<Segment>) -> Result<(), JournalError> {
    while let Some(last) = segments.last_mut().filter(|last| !last.sealed) {
        last.file_bytes = whole_bytes(last)?;
        if last.file_bytes > 0 {
            break;
        }
        segments.pop();
    }
    Ok(())
}

/// How much of a plain segment is whole batches.
fn whole_bytes(segment: &Segment) -> Result<u64, JournalError> {
    let mut source = LineSource::new(vec![segment.clone()]);
    let (mut pending, mut whole) = (0, 0);
    loop {
        match source.advance() {
            Ok(true) => {}
            Ok(false) => return Ok(whole),
            Err(error) if error.damage().is_some_and(|damage| damage.kind == DamageKind::HalfLine) => {
                return Ok(whole);
            }
            Err(error) => return Err(*error),
        }
        let Ok(line) = line::decode(source.line()) else { return Ok(segment.file_bytes) };
        pending = match line.class {
            Class::Input => line.outcomes,
            Class::Outcome => u32::saturating_sub(pending, 1),
            Class::Record => pending,
        };
        if pending == 0 {
            whole = source.place().2;
        }
    }
}
