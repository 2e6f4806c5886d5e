//! The suggested finish of live view: planned a few times a second on a thread of its own, so that no
//! frame waits for it, and rendered on every frame.

use super::colour::without_calibration;
use super::latest::{self, Reader};
use super::thread::{Joined, spawn};
use crate::imaging::Rgb8;
use crate::retouch::{Plan, Proxy, Recipe, plan};
use crossbeam_channel::{Sender, bounded};
use std::time::{Duration, Instant};

/// How often the finish is planned anew.
const PLAN_EVERY: Duration = Duration::from_millis(400);

/// Plans by an earlier frame and renders the present one.
pub(super) struct Finish {
    // Dropped in this order: the thread ends when there are no more orders.
    orders: Sender<Order>,
    plans: Reader<Plan>,
    thread: Option<Joined>,
    plan: Option<Plan>,
    ordered: Option<Instant>,
}

/// A frame to plan by; without a recipe the automatic one.
struct Order {
    frame: Rgb8,
    recipe: Option<Recipe>,
}

impl Finish {
    pub(super) fn new() -> Self {
        let (orders, ordered) = bounded::<Order>(1);
        let (planned, plans) = latest::channel();
        let thread = spawn("finish", move || {
            for Order { frame, recipe } in ordered {
                let proxy = Proxy::live(&frame, None);
                let recipe = recipe.map_or_else(
                    || Recipe::automatic(&proxy),
                    |recipe| without_calibration(&recipe),
                );
                if planned.publish(plan(&recipe, &proxy)).is_err() {
                    break;
                }
            }
        });
        let thread = thread.map_err(|e| tracing::error!("no thread for the finish: {e}")).ok();
        Self { orders, plans, thread, plan: None, ordered: None }
    }

    /// The frame as it is shown, finished; as it is until the first plan is made.
    pub(super) fn render(&mut self, rgb: &Rgb8, shown: &Rgb8, recipe: Option<&Recipe>) -> Rgb8 {
        if let Ok(plan) = self.plans.receiver().try_recv() {
            self.plan = Some(plan);
        }
        let due = self.ordered.is_none_or(|at| at.elapsed() > PLAN_EVERY);
        if due && self.thread.is_some() && self.orders.is_empty() {
            let order = Order { frame: rgb.clone(), recipe: recipe.cloned() };
            if self.orders.try_send(order).is_ok() {
                self.ordered = Some(Instant::now());
            }
        }
        self.plan.as_ref().map_or_else(|| shown.clone(), |plan| plan.render_live(shown))
    }
}
