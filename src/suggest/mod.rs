//! What to change before the shutter is pressed: one rule a file.
