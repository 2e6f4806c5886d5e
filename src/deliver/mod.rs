//! What leaves the studio: the contact sheet of a shoot.

mod lettering;
mod sheet;

pub use sheet::{SheetEntry, contact_sheet};
