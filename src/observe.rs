//! What the operator sees while the gate runs.

use tracing::level_filters::LevelFilter;

/// Sends events to stderr, one line each, coloured on a terminal. Does nothing the second time.
pub fn to_stderr(level: LevelFilter) {
    use std::io::IsTerminal;
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}
