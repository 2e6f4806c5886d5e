//! Judging against truth: blur ladders, focus stacks, stand, light, dust, flaws, groups and speed.
//!
//! Rendered truth comes from the practice sets; real pictures from `../shared/data` (or the folder in
//! `CULET_DATA`) when it is there. Thresholds were set while looking at some of these pictures. Kept
//! aside, never looked at while setting any: the scenes `pendant-dark` and `bracelet`, the stack
//! `leaves6`, and of the real ladders `web/item-8`, `dslr-session/_MG_9914` and `17HK0260`.

mod data;
mod focus;
mod groups;
mod light;
mod ranks;
mod speed;
mod stand;
mod table;

pub use data::scene;

pub fn run() {
    focus::ladders();
    focus::stacks();
    focus::edge_width();
    focus::motion();
    stand::run();
    light::run();
    groups::run();
    speed::run();
}
