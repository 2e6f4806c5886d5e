//! The suggested finish of live view: planned a few times a second on a thread of its own, so that no
//! frame waits for it, and rendered on every frame.

use super::colour::without_calibration;
use super::latest::{self, Reader};
use super::thread::{Joined, spawn};
use crate::imaging::Rgb8;
use crate::retouch::{Plan, Proxy, Recipe, plan};
use crossbeam_channel::{Sender, bounded};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the finish is planned anew.
const PLAN_EVERY: Duration = Duration::from_millis(400);

/// Plans by an earlier frame and renders the present one.
pub(super) struct Finish {
    // Dropped in this order: the thread ends when there are no more orders.
    orders: Sender<Order>,
    plans: Reader<Planned>,
    thread: Option<Joined>,
    plan: Option<Planned>,
    refused: BTreeSet<String>,
    ordered: Option<Instant>,
}

/// A frame to plan by; without a recipe the automatic one.
struct Order {
    frame: Rgb8,
    recipe: Option<Recipe>,
    refused: BTreeSet<String>,
}

/// A plan, and the whole edit that it was made of.
struct Planned {
    plan: Plan,
    recipe: Arc<Recipe>,
}

impl Finish {
    pub(super) fn new() -> Self {
        let (orders, ordered) = bounded::<Order>(1);
        let (planned, plans) = latest::channel();
        let thread = spawn("finish", move || {
            for Order { frame, recipe, refused } in ordered {
                let proxy = Proxy::live(&frame, None);
                // What captures get already is shown whole.
                let (recipe, refused) = match recipe {
                    Some(given) => (without_calibration(&given), BTreeSet::new()),
                    None => (Recipe::automatic(&proxy), refused),
                };
                let plan = plan(&without(&recipe, &refused), &proxy);
                if planned.publish(Planned { plan, recipe: Arc::new(recipe) }).is_err() {
                    break;
                }
            }
        });
        let thread = thread.map_err(|e| tracing::error!("no thread for the finish: {e}")).ok();
        Self { orders, plans, thread, plan: None, refused: BTreeSet::new(), ordered: None }
    }

    /// Steps that are left out of the finish; a change is planned at once.
    pub(super) fn refuse(&mut self, refused: &BTreeSet<String>) {
        if self.refused != *refused {
            self.refused.clone_from(refused);
            self.ordered = None;
        }
    }

    /// The edit of the newest plan, with what is refused.
    pub(super) fn recipe(&self) -> Option<Arc<Recipe>> {
        self.plan.as_ref().map(|p| Arc::clone(&p.recipe))
    }

    /// The frame as it is shown, finished; as it is until the first plan is made.
    pub(super) fn render(&mut self, rgb: &Rgb8, shown: &Rgb8, recipe: Option<&Recipe>) -> Rgb8 {
        if let Ok(plan) = self.plans.receiver().try_recv() {
            self.plan = Some(plan);
        }
        let due = self.ordered.is_none_or(|at| at.elapsed() > PLAN_EVERY);
        if due && self.thread.is_some() && self.orders.is_empty() {
            let order = Order {
                frame: rgb.clone(),
                recipe: recipe.cloned(),
                refused: self.refused.clone(),
            };
            if self.orders.try_send(order).is_ok() {
                self.ordered = Some(Instant::now());
            }
        }
        self.plan.as_ref().map_or_else(|| shown.clone(), |p| p.plan.render_live(shown))
    }
}

/// The edit without the steps that are refused.
fn without(recipe: &Recipe, refused: &BTreeSet<String>) -> Recipe {
    let mut plain = recipe.clone();
    plain.steps.retain(|s| !refused.contains(s.id()));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retouch::Step;

    /// Renders until the finish is as wished.
    fn until(finish: &mut Finish, frame: &Rgb8, wished: impl Fn(&Rgb8) -> bool) {
        let start = Instant::now();
        while !wished(&finish.render(frame, frame, None)) {
            assert!(start.elapsed() < Duration::from_secs(20), "no such finish came");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_refused_step_stays_listed_and_no_longer_acts() {
        // Dark, so that the automatic edit has something to do.
        let frame = Rgb8::from_fn(240, 160, |x, y| {
            let inside = (x as f32 - 120.0).hypot(y as f32 - 80.0) < 40.0;
            if inside { [60, 45, (x % 30) as u8] } else { [90, 88, 84] }
        });
        let mut finish = Finish::new();
        until(&mut finish, &frame, |p| *p != frame);
        let recipe = finish.recipe().unwrap();
        let all = recipe.steps.iter().map(|s| s.id().to_owned()).collect();
        finish.refuse(&all);
        until(&mut finish, &frame, |p| *p == frame);
        assert!(finish.recipe().unwrap().steps.iter().any(Step::acts));
    }
}
