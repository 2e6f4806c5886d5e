//! Parses the command line and hands over to `culet::cli`.

fn main() {}
