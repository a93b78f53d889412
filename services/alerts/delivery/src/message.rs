//! What a message says, whoever it is for: what happened, the numbers, the run, and the command that explains it.

use std::path::{Path, PathBuf};

use reprise_model::event::{AlertRaised, Severity};
use reprise_model::{Seq, Ts};

/// A text longer than this is cut, in characters: a message is read on a phone.
const LONGEST_TEXT: usize = 1_000;
/// The same for a number, which may be a name.
const LONGEST_VALUE: usize = 200;
/// Numbers beyond this are left out.
const MOST_FACTS: usize = 20;

/// The run that messages are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPlace {
    /// Its id.
    pub run: String,
    /// Its folder.
    pub dir: PathBuf,
}

impl RunPlace {
    /// A run by its folder.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let run =
            absolute.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned());
        Self { run, dir: dir.to_owned() }
    }

    fn place(&self, what: &str, ts: Ts) -> String {
        format!("run {}, {what}, {}", cut(&self.run, LONGEST_VALUE), ts.in_words())
    }

    fn command(&self, verb: &str, range: &str) -> String {
        cut(&format!("reprise journal {verb} {}{range}", self.quoted()), LONGEST_TEXT)
    }

    /// The folder as a shell takes it.
    fn quoted(&self) -> String {
        let text = self.dir.to_string_lossy();
        let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        if is_plain { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The alert's id: who gets it twice knows it by this.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// What happened, in one line.
    pub text: String,
    /// The numbers, each with its name.
    pub facts: Vec<(String, String)>,
    /// Which run, which event, when.
    pub place: String,
    /// The command that explains it.
    pub command: String,
}

impl Message {
    /// The message of an alert: `cause` and `seq` are those of its `alert.raised`.
    #[must_use]
    pub fn of_alert(alert: &AlertRaised, (cause, seq): (Seq, Seq), ts: Ts, run: &RunPlace) -> Self {
        let mut facts: Vec<(String, String)> =
            alert.figures.iter().map(|figure| (figure.name.clone(), figure.value.clone())).collect();
        facts.extend(alert.instrument.map(|instrument| ("instrument".to_owned(), instrument.to_string())));
        facts.extend(alert.strategy.map(|strategy| ("strategy".to_owned(), strategy.to_string())));
        facts.extend(alert.order.map(|order| ("order".to_owned(), order.to_string())));
        facts.extend(alert.held_back.map(|others| ("held back before it".to_owned(), others.to_string())));
        Self {
            id: alert.alert.to_string(),
            severity: alert.severity,
            text: cut(&alert.text, LONGEST_TEXT),
            facts: kept(facts),
            place: run.place(&format!("seq {seq}"), ts),
            command: run.command("cat", &format!(" --from {cause} --to {seq}")),
        }
    }

    /// A message of the process about itself, which no journal holds.
    #[must_use]
    pub fn of_process(
        id: String,
        severity: Severity,
        text: &str,
        facts: Vec<(String, String)>,
        now: Ts,
        run: &RunPlace,
    ) -> Self {
        Self {
            id,
            severity,
            text: cut(text, LONGEST_TEXT),
            facts: kept(facts),
            place: run.place("told by the process itself", now),
            command: run.command("verify", ""),
        }
    }

    /// A message that says that messages arrive.
    #[must_use]
    pub fn test(now: Ts) -> Self {
        Self {
            id: format!("test-{}", now.0 / 1_000_000_000),
            severity: Severity::Info,
            text: "this is a test: alerts of reprise arrive here".to_owned(),
            facts: vec![("asked for at".to_owned(), now.in_words())],
            place: "no run".to_owned(),
            command: "reprise alerts test".to_owned(),
        }
    }

    /// The line above the text.
    pub(crate) fn title(&self) -> String {
        format!("{}: {}", self.severity, self.id)
    }
}

fn kept(facts: Vec<(String, String)>) -> Vec<(String, String)> {
    let short = |(name, value): (String, String)| (cut(&name, LONGEST_VALUE), cut(&value, LONGEST_VALUE));
    facts.into_iter().take(MOST_FACTS).map(short).collect()
}

/// A text in one line and no longer than that.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let line = text.chars().map(|c| if turns_or_breaks(c) { ' ' } else { c });
    let mut short: String = line.clone().take(longest).collect();
    if line.count() > longest {
        short.pop();
        short.push('…');
    }
    short
}

/// Characters that break a line, cannot be shown, or change the direction in which the others are read.
fn turns_or_breaks(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
