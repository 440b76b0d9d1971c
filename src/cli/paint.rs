//! Colours for a terminal, or none.

use std::io::IsTerminal;

/// Whether to colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    /// Colours where stdout is a terminal.
    pub(super) fn for_stdout() -> Self {
        Self(std::io::stdout().is_terminal())
    }

    /// What does not leave, or went wrong.
    pub(super) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// What is as it should be.
    pub(super) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// A heading.
    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
