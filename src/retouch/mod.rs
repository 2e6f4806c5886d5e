//! The edit: one file an operation, planned on a proxy and rendered in tiles.
