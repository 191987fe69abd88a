//! Colours, the same in all tables.

use anstyle::{AnsiColor, Style};

/// For what passed.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// For what failed or could not run.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what was skipped or not run.
pub const MIDDLING: Style = AnsiColor::Yellow.on_default().bold();
/// For headings.
pub const BOLD: Style = Style::new().bold();
