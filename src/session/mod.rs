//! The shoot on disk.
