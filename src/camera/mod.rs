//! Where frames and captures come from: one file a backend.
