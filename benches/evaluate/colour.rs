//! Not measured yet.

pub fn run() {}
