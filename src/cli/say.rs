//! Lines to stdout and stderr that outlive their reader: `culet retouch | head` ends neither in a panic
//! nor before its files are made.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

/// A line on stdout, as `println!`.
macro_rules! say {
    ($($line:tt)*) => { $crate::cli::say::out(format_args!($($line)*)) };
}

/// A line on stderr, as `eprintln!`.
macro_rules! note {
    ($($line:tt)*) => { $crate::cli::say::aside(format_args!($($line)*)) };
}

/// Whether stdout took less than it was told, for another reason than a reader who went away.
static LOST: AtomicBool = AtomicBool::new(false);

pub(super) fn out(line: Arguments<'_>) {
    if let Err(e) = writeln!(stdout(), "{line}")
        && e.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        aside(format_args!("culet: what it found cannot be written to its output: {e}"));
    }
}

pub(super) fn aside(line: Arguments<'_>) {
    // There is nowhere left to complain to.
    writeln!(stderr(), "{line}").ok();
}

/// Whether stdout is incomplete though somebody wanted it, such as on a full disk.
pub(super) fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}
