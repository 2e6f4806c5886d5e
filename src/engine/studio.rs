//! A running studio: the threads, what joins them, and the desk that hands commands on.

use super::book::Book;
use super::contract::{Command, Event, Level, Link, TakeId, Vitals};
use super::develop::{self, Job};
use super::preview::{self, Wishes};
use super::shared::{Shared, Wake};
use super::tether::{Arrival, Order, Outlets, Tether};
use super::thread::{Joined, spawn};
use super::{Practice, copier, judge, latest};
use crate::camera::CameraSpec;
use crate::session::{Session, SessionError, naming};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Events that may wait for a client that is not looking.
const EVENTS: usize = 16_384;
/// Captures that may wait for the judge; each is a number.
const ARRIVALS: usize = 16_384;
/// How often numbers are told.
const VITALS_EVERY: Duration = Duration::from_secs(1);

/// A running studio; it ends when dropped, and waits for its threads.
pub struct Studio {
    shared: Arc<Shared>,
    // Dropped in this order: first who feeds, then who is fed.
    _desk: Joined,
    _tether: Joined,
    _workers: [Joined; 4],
}

impl Studio {
    /// Opens a session and starts the threads. `wake` is called whenever something is new.
    pub fn start(folder: &Path, wake: Wake) -> Result<(Self, Link), StartError> {
        let (book, troubles) = Book::open(Session::open(folder)?);
        let (told, events) = bounded(EVENTS);
        let shared = Arc::new(Shared::new(book, told, wake));
        let (frame_in, frame_out) = latest::channel();
        let (view_in, view_out) = latest::channel();
        let (arrive, arrivals) = bounded(ARRIVALS);
        let (ring, bell) = bounded(1);
        let (order, orders) = bounded(64);
        let (send_job, jobs) = bounded(256);
        let (commands, commanded) = bounded(256);
        let wishes = Arc::new(Mutex::new(Wishes::default()));

        let outlets = Outlets { frames: frame_in, arrivals: arrive.clone(), copies: ring.clone() };
        let tether = Tether::new(Arc::clone(&shared), orders, outlets);
        let desk = Desk {
            shared: Arc::clone(&shared),
            wishes: Arc::clone(&wishes),
            order,
            jobs: send_job,
            arrivals: arrive,
            copies: ring,
            frames_then: 0,
            then: Instant::now(),
            rate: 0.0,
        };
        let frame_jobs = desk.jobs.clone();
        let (s1, s2, s3, s4) =
            (Arc::clone(&shared), Arc::clone(&shared), Arc::clone(&shared), Arc::clone(&shared));
        let workers = [
            spawn("preview", move || {
                preview::run(&s1, &wishes, &frame_out, &view_in, &frame_jobs);
            })?,
            spawn("judge", move || judge::run(&s2, &arrivals))?,
            spawn("develop", move || develop::run(&s3, &jobs))?,
            spawn("second-copy", move || copier::run(&s4, &bell))?,
        ];
        let tether = spawn("tether", move || tether.run())?;
        let desk = spawn("desk", move || desk.run(&commanded, troubles))?;
        let studio = Self { shared, _desk: desk, _tether: tether, _workers: workers };
        Ok((studio, Link { commands, events, live: view_out }))
    }

    /// The practice camera, for its truth; none until it was connected.
    pub fn practice(&self) -> Option<Arc<Practice>> {
        self.shared.practice.lock().clone()
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// Why a studio did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its session folder cannot be used.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The system gave no thread.
    #[error("the system gives no more threads ({0}); close other programs")]
    Thread(#[from] std::io::Error),
}

/// Takes commands in and hands them to whom they concern.
struct Desk {
    shared: Arc<Shared>,
    wishes: Arc<Mutex<Wishes>>,
    order: Sender<Order>,
    jobs: Sender<Job>,
    arrivals: Sender<Arrival>,
    copies: Sender<()>,
    frames_then: u64,
    then: Instant,
    rate: f32,
}

impl Desk {
    fn run(mut self, commands: &Receiver<Command>, troubles: Vec<String>) {
        self.show_session();
        troubles.into_iter().for_each(|text| self.shared.say(Level::Warning, text));
        let mut next = Instant::now();
        while !self.shared.stopped() {
            let wait = next.saturating_duration_since(Instant::now()).min(VITALS_EVERY / 4);
            match commands.recv_timeout(wait) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= next {
                next = Instant::now() + VITALS_EVERY;
                self.tell_vitals();
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Connect(spec) => self.order(Order::Connect(spec)),
            Command::Disconnect => self.order(Order::Disconnect),
            Command::FindCameras => self.find_cameras(),
            Command::Capture => self.order(Order::Capture),
            Command::LiveView(on) => self.order(Order::LiveView(on)),
            Command::DriveFocus(steps) => self.order(Order::DriveFocus(steps)),
            Command::Autofocus => self.order(Order::Autofocus),
            Command::Set { name, value } => self.order(Order::Set(name, value)),
            Command::Refuse { step, refused: true } => {
                self.wishes.lock().refused.insert(step);
            }
            Command::Refuse { step, refused: false } => {
                self.wishes.lock().refused.remove(&step);
            }
            Command::Look(look) => self.wishes.lock().look = look,
            Command::Mute { kind, muted } => {
                self.wishes.lock().muted.insert(kind, muted);
            }
            Command::OpenSession(folder) => self.open_session(&folder),
            Command::Name { pattern, sku } => self.name(pattern, sku),
            Command::SecondCopy(folder) => self.second_copy(folder),
            Command::Rate(takes, stars) => self.mark(&takes, |t| t.rating = stars.min(5)),
            Command::Mark(takes, flag) => {
                self.mark(&takes, |t| t.flag = flag);
                self.learn(&takes);
            }
            Command::ForgetPicks => self.forget_picks(),
            Command::Paint(takes, label) => self.mark(&takes, |t| t.label = label),
            Command::Show { take, side, edited } => self.job(Job::Show { take, side, edited }),
            Command::Retouch(take) => self.job(Job::Retouch(take, None)),
            Command::RetouchWith(take, preset) => self.job(Job::Retouch(take, Some(preset))),
            Command::Edit(take, recipe) => develop::set_recipe(&self.shared, take, recipe),
            Command::EditNext(recipe) => self.edit_next(recipe),
            Command::Export(takes, options) => self.job(Job::Export(takes, options)),
            Command::Calibrate(Some(take), card) => self.job(Job::Calibrate(take, card)),
            Command::EmptySet(take) => self.job(Job::EmptySet(take)),
            Command::FlatField(take) => self.job(Job::FlatField(take)),
            Command::UseCalibration(path) => self.job(Job::UseCalibration(path)),
            Command::Calibrate(None, card) => self.wishes.lock().calibrate = Some(card),
        }
    }

    fn order(&self, order: Order) {
        if let Err(TrySendError::Full(_)) = self.order.try_send(order) {
            self.shared.say(Level::Warning, "the camera is busy; try again in a moment");
        }
    }

    fn job(&self, job: Job) {
        if let Err(TrySendError::Full(_)) = self.jobs.try_send(job) {
            self.shared.say(Level::Warning, "too many jobs are waiting; try again in a moment");
        }
    }

    fn find_cameras(&self) {
        match super::attached() {
            Ok(found) => {
                let specs = found.into_iter().map(|f| f.spec);
                let all = specs.chain([CameraSpec::Practice]).collect();
                self.shared.tell(Event::Cameras(all));
            }
            Err(e) => self.shared.say(Level::Warning, e.to_string()),
        }
    }

    /// Tells everything that the session holds.
    fn show_session(&self) {
        let (folder, takes) = {
            let book = self.shared.book.lock();
            (book.session.folder().to_owned(), book.takes().to_vec())
        };
        self.shared.tell(Event::Session { folder });
        self.shared.load_calibration();
        self.shared.load_flat_field();
        let empty_set = self.shared.book.lock().session.settings().empty_set.clone();
        self.shared.tell(Event::EmptySet(empty_set));
        let next = self.shared.book.lock().session.settings().next_recipe.clone();
        self.wishes.lock().recipe.clone_from(&next);
        self.shared.tell(Event::EditNext(next));
        for take in takes {
            let again = Arrival { take: take.id, arrived: None };
            self.shared.meters.waiting.fetch_add(1, Ordering::Relaxed);
            self.shared.tell(Event::TakeAdded(take));
            if self.arrivals.try_send(again).is_err() {
                self.shared.meters.waiting.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    fn open_session(&self, folder: &Path) {
        let meters = &self.shared.meters;
        for (open, what) in [(&meters.fetching, "fetched"), (&meters.waiting, "scored")] {
            let open = open.load(Ordering::Relaxed);
            if open > 0 {
                let text =
                    format!("{open} captures are still being {what}; open the folder in a moment");
                return self.shared.say(Level::Warning, text);
            }
        }
        match Session::open(folder) {
            Ok(session) => {
                let (mut book, troubles) = Book::open(session);
                let mut held = self.shared.book.lock();
                book.camera = std::mem::take(&mut held.camera);
                *held = book;
                drop(held);
                self.show_session();
                troubles.into_iter().for_each(|text| self.shared.say(Level::Warning, text));
                self.order(Order::Reconcile);
            }
            Err(e) => self.shared.say(Level::Error, e.to_string()),
        }
    }

    fn settings(&self, change: impl FnOnce(&mut crate::session::Settings)) {
        let kept = self.shared.book.lock().session.change_settings(change);
        if let Err(e) = kept {
            let text = format!(
                "the session's settings could not be kept ({e}); make room or mend the folder"
            );
            self.shared.say(Level::Error, text);
        }
        self.tell_numbers();
    }

    fn name(&self, pattern: String, sku: String) {
        match naming::check(&pattern) {
            Ok(()) => self.settings(|s| (s.pattern, s.sku) = (pattern, sku)),
            Err(e) => self.shared.say(Level::Warning, e.to_string()),
        }
    }

    fn second_copy(&self, folder: Option<std::path::PathBuf>) {
        self.settings(|s| s.second_copy = folder);
        self.copies.try_send(()).ok();
    }

    fn edit_next(&self, recipe: Option<crate::retouch::Recipe>) {
        self.wishes.lock().recipe.clone_from(&recipe);
        self.settings(|s| s.next_recipe = recipe);
    }

    fn mark(&self, takes: &[TakeId], change: impl Fn(&mut super::contract::Take)) {
        for &id in takes {
            let mut book = self.shared.book.lock();
            let changed = book.change(id, &change);
            let kept = book.keep(id).and_then(|()| book.keep_marks(id));
            drop(book);
            if let Err(e) = kept {
                let text =
                    format!("the rating could not be kept ({e}); make room or mend the folder");
                self.shared.say(Level::Error, text);
            }
            changed.into_iter().for_each(|take| self.shared.tell(Event::TakeChanged(take)));
        }
    }

    /// Learns from picks that disagree with the proposals, and proposes anew.
    fn learn(&self, takes: &[TakeId]) {
        let mut taste = self.shared.taste.lock();
        let book = self.shared.book.lock();
        let kept: Vec<_> = takes.iter().filter_map(|&id| taste.learn(&book, id)).collect();
        drop(book);
        if kept.is_empty() {
            return;
        }
        let weights = taste.weights();
        drop(taste);
        self.propose(&weights, "your picks count", kept.into_iter().collect());
    }

    fn forget_picks(&self) {
        let mut taste = self.shared.taste.lock();
        let kept = taste.forget();
        let weights = taste.weights();
        drop(taste);
        self.propose(&weights, "your picks are forgotten", kept);
    }

    fn propose(&self, weights: &crate::score::Weights, what: &str, kept: std::io::Result<()>) {
        let changed = super::curate::regroup(&mut self.shared.book.lock(), weights);
        changed.into_iter().for_each(|take| self.shared.tell(Event::TakeChanged(take)));
        self.shared.say(Level::Note, format!("{what}: {}", weights.in_words()));
        if let Err(e) = kept {
            let text = format!("what was learnt could not be kept ({e}); it lasts until the end");
            self.shared.say(Level::Warning, text);
        }
    }

    fn tell_vitals(&mut self) {
        let meters = &self.shared.meters;
        let frames = meters.frames.load(Ordering::Relaxed);
        let seconds = self.then.elapsed().as_secs_f32().max(0.05);
        self.rate = frames.saturating_sub(self.frames_then) as f32 / seconds;
        (self.frames_then, self.then) = (frames, Instant::now());
        self.tell_numbers();
    }

    /// The numbers of this moment, with the last rate that was measured.
    fn tell_numbers(&self) {
        let meters = &self.shared.meters;
        let (next_name, copying, folder) = {
            let book = self.shared.book.lock();
            let session = &book.session;
            (book.next_name(), session.uncopied().count(), session.folder().to_owned())
        };
        let battery = meters.battery.load(Ordering::Relaxed);
        self.shared.tell(Event::Vitals(Vitals {
            frames_per_second: self.rate,
            latency_p95_ms: meters.latency_p95(),
            dropped: meters.dropped.load(Ordering::Relaxed),
            waiting: meters.waiting.load(Ordering::Relaxed) as usize,
            copying,
            free_bytes: fs4::available_space(&folder).ok(),
            next_name,
            battery: u8::try_from(battery).ok().filter(|b| *b <= 100),
        }));
    }
}
