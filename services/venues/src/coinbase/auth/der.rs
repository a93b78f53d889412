//! As much of PEM and DER as private and public keys need (RFC 7468, X.690, RFC 5915, RFC 5958, RFC 5280).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[1]` of an EC private key: its public part.
pub(super) const CONTEXT_1: u8 = 0xa1;

/// 1.2.840.10045.2.1
pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.3.101.112
pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The label and the bytes of the first PEM block that is not a list of curve parameters. Line ends may have
/// been written as `\n`, as environment files do.
pub(super) fn pem(text: &str) -> Option<(String, Vec<u8>)> {
    let text = text.replace("\\n", "\n");
    let mut rest = text.as_str();
    loop {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        let (label, after) = after.split_once("-----")?;
        let (body, after) = after.split_once(&format!("-----END {label}-----"))?;
        if label != "EC PARAMETERS" {
            let packed: String = body.split_whitespace().collect();
            return Some((label.to_owned(), STANDARD.decode(packed).ok()?));
        }
        rest = after;
    }
}

/// Reads one element after another.
#[derive(Clone, Copy)]
pub(super) struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next element, if it has this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        let (&short, mut rest) = rest.split_first()?;
        if found != tag {
            return None;
        }
        let mut length = usize::from(short);
        if short >= 0x80 {
            // Keys are short: two bytes of length are ample.
            let bytes = usize::from(short & 0x7f);
            if bytes == 0 || bytes > 2 {
                return None;
            }
            let (long, after) = rest.split_at_checked(bytes)?;
            length = long.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            rest = after;
        }
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some(content)
    }

    /// As [`Self::take`], as a reader of what is inside.
    pub(super) fn open(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Der)
    }

    /// Passes over the next element if it has this tag.
    pub(super) fn skip(&mut self, tag: u8) {
        let mut ahead = *self;
        if ahead.take(tag).is_some() {
            *self = ahead;
        }
    }

    /// The bytes of a bit string without unused bits.
    pub(super) fn bits(&mut self) -> Option<&'a [u8]> {
        match self.take(BIT_STRING)? {
            [0, bytes @ ..] => Some(bytes),
            _ => None,
        }
    }
}
