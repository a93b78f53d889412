//! What a check found: a verdict, in words with numbers, and what to do where it is not as it should be.

use serde::Serialize;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// A run works, and somebody should look.
    Warning,
    /// A run does not work, or not safely.
    Failed,
    /// There was nothing to check, or it could not be.
    Skipped,
}

impl Verdict {
    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A check's row. Only a row with a remedy can be a warning or a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What was checked.
    pub check: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Row {
    /// As it should be.
    pub fn ok(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self { check: check.into(), verdict: Verdict::Ok, found: found.into(), remedy: None }
    }

    /// A run works, and somebody should look.
    pub fn warning(check: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { verdict: Verdict::Warning, remedy, ..Self::ok(check, found) }
    }

    /// A run does not work, or not safely.
    pub fn failed(check: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { verdict: Verdict::Failed, remedy, ..Self::ok(check, found) }
    }

    /// There was nothing to check, or it could not be.
    pub fn skipped(check: impl Into<String>, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, ..Self::ok(check, why) }
    }
}
