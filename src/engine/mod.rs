//! Threads, processes and queues. The only room that starts them.
//!
//! [`Studio::start`] opens a session folder and gives a [`contract::Link`]: commands go in, events
//! and live frames come out. Behind it:
//!
//! ```text
//! desk        commands → whom they concern; numbers once a second
//! tether      the camera: frames (newest wins), captures (none is dropped), settings, reconnecting
//! preview     frame → measures, suggestions, finish, overlays → the window
//! judge       stored capture → thumbnail, score, groups → sidecar
//! develop     one full-size job at a time: show, retouch, export
//! second-copy the journal's open copies → verified copies
//! ```

mod book;
mod cards;
mod checks;
mod colour;
pub mod contract;
mod copier;
mod curate;
mod develop;
mod finish;
pub mod host;
mod judge;
pub mod latest;
mod open;
mod piece;
mod practice;
mod preview;
pub mod product;
mod shared;
mod studio;
mod taste;
mod tether;
pub mod thread;

pub use cards::load_reference;
pub use checks::{Check, checks};
pub use colour::{
    LoadError, MisfitError, calibrate_recipe, flat_field_step, load as load_calibration, put_step,
    step as calibration_step,
};
pub use judge::{Seen, judge_file};
pub use open::{attached, preferred_camera};
pub use practice::{Practice, card as practice_card};
pub use product::{product_for, reduced};
pub use shared::Wake;
pub use studio::{StartError, Studio};
pub use taste::{forget_picks, learnt_weights};
