//! How good a picture is: one file a measure.
