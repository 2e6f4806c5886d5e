//! From an announcement to a file on the disk: what is to be fetched, in which order, what is done when
//! fetching or storing fails, and what the card says about it.

use super::super::contract::{Event, Level};
use super::{Arrival, Tether};
use crate::camera::{CameraError, Object, ObjectId};
use crate::imaging::endings::{is_jpeg, is_raw};
use crate::imaging::files::sha256;
use crate::imaging::{jpeg, open};
use crate::session::journal::Source;
use crate::session::{Fetched, Listed, naming};
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Waits before a store that failed is tried again.
const STORE_AGAIN: Duration = Duration::from_secs(3);
/// Waits before a file that was refused is asked for again.
const FETCH_AGAIN: Duration = Duration::from_millis(300);
/// A file that was refused so often is left on the card until the camera is connected again.
const TRIES: u32 = 3;
/// Bodies that tell everything twice do it at once; later, or after the shutter was fired again, it
/// is a new file of an old name: the card was formatted or changed.
const ECHO: Duration = Duration::from_secs(2);
/// Announcements that are remembered to know their echo.
const ECHOES: usize = 64;

/// What is to be fetched, and how that goes.
pub(super) struct Ingest {
    wanted: VecDeque<Wanted>,
    /// When fetching or storing is tried again.
    again: Instant,
    /// The disk or the folder refuses.
    storing_fails: bool,
    /// What lay on a card that the journal could not note yet.
    unmet: Option<Vec<Listed>>,
    /// The card could not be listed when the camera was connected.
    unlisted: bool,
    /// Files that this connection could not fetch.
    given_up: BTreeSet<Source>,
    told: VecDeque<(Source, Instant)>,
    /// This body's own files make the decoder complain; that is no sign of a bad transfer.
    odd: Option<String>,
}

/// A file to be fetched.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    source: Source,
    /// What was fetched and could not be stored yet.
    got: Option<Got>,
    triggered: Option<Instant>,
    /// When the camera told of it, or its card did.
    announced: Instant,
    tries: u32,
}

/// A file's content as it came.
#[derive(Clone, Debug, PartialEq)]
struct Got {
    bytes: Vec<u8>,
    sha256: String,
    dated: Option<i64>,
    /// When its last byte had come.
    arrived: Instant,
    /// What is odd about it.
    complaint: Option<String>,
}

impl Wanted {
    fn new(source: Source, triggered: Option<Instant>) -> Self {
        let announced = Instant::now();
        Self { source, got: None, triggered, announced, tries: 0 }
    }
}

impl Ingest {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            wanted: VecDeque::new(),
            again: now,
            storing_fails: false,
            unmet: None,
            unlisted: false,
            given_up: BTreeSet::new(),
            told: VecDeque::new(),
            odd: None,
        }
    }

    /// The card could not be listed; it is asked again soon.
    pub(super) fn list_again(&mut self) {
        self.unlisted = true;
        self.again = Instant::now() + STORE_AGAIN;
    }

    /// Whether nothing is to be fetched.
    pub(super) fn is_idle(&self) -> bool {
        self.wanted.is_empty()
    }

    /// When there is something to do; none when there is nothing.
    pub(super) fn next(&self) -> Option<Instant> {
        (!self.is_idle() || self.unmet.is_some() || self.unlisted).then_some(self.again)
    }

    /// The camera is gone or let go. Bytes that are here already are stored; the rest is found on
    /// its card again, and must not be asked of another body.
    pub(super) fn let_go(&mut self) {
        self.wanted.retain(|w| w.got.is_some());
        self.unmet = None;
        self.unlisted = false;
        self.given_up.clear();
        self.told.clear();
        self.odd = None;
    }

    /// The shutter is fired: what is told from now on is news.
    pub(super) fn expect_news(&mut self) {
        self.told.clear();
    }

    /// Whether this was told a moment ago already.
    fn is_echo(&mut self, source: &Source) -> bool {
        let now = Instant::now();
        self.told.retain(|(_, at)| now.duration_since(*at) < ECHO);
        if self.told.iter().any(|(told, _)| told == source) {
            return true;
        }
        self.told.push_back((source.clone(), now));
        if self.told.len() > ECHOES {
            self.told.pop_front();
        }
        false
    }

    /// Queues a file; the JPEG of a pair goes before its raw file. False when it is queued already.
    fn want(&mut self, wanted: Wanted) -> bool {
        if self.wanted.iter().any(|w| w.source == wanted.source) {
            return false;
        }
        let raw = is_raw(&wanted.source.name);
        let own = stem(&wanted.source);
        let before_its_raw = self.wanted.iter().position(|w| {
            !raw && w.source.folder == wanted.source.folder && stem(&w.source) == own
        });
        match before_its_raw {
            Some(at) => self.wanted.insert(at, wanted),
            None => self.wanted.push_back(wanted),
        }
        true
    }
}

impl Tether {
    /// Compares the card with the journal: what was missed is fetched. How many files that is.
    pub(super) fn reconcile(&mut self) -> Result<usize, CameraError> {
        let Some(opened) = &mut self.opened else { return Ok(0) };
        let identity = opened.identity.clone();
        let listed = match opened.camera.list() {
            Ok(listed) => listed,
            Err(CameraError::Cannot(_)) => return Ok(0),
            Err(e) => return Err(e),
        };
        let kept = opened.abilities.card;
        let listed: Vec<Listed> = listed.into_iter().map(|o| at_source(&identity, o)).collect();
        if kept {
            return Ok(self.meet(&identity, listed));
        }
        let wanted = self.shared.book.lock().session.wanted(&identity);
        let (_, gone) = self.on_card(wanted, &listed);
        gone.iter().for_each(|source| self.miss(source));
        Ok(0)
    }

    /// Holds a card's list against the journal.
    fn meet(&mut self, identity: &str, listed: Vec<Listed>) -> usize {
        let queued: Vec<Source> = self.ingest.wanted.iter().map(|w| w.source.clone()).collect();
        let met = self.shared.book.lock().session.meet(identity, &listed, &queued);
        match met {
            Ok(missed) => {
                let (there, gone) = self.on_card(missed, &listed);
                gone.iter().for_each(|source| self.miss(source));
                self.want_missed(there)
            }
            Err(e) => {
                self.journal_trouble(&e);
                self.ingest.again = Instant::now() + STORE_AGAIN;
                self.ingest.unmet = Some(listed);
                0
            }
        }
    }

    /// What the card could not say, or the journal could not note, when the camera was connected.
    pub(super) fn meet_again(&mut self) {
        if Instant::now() < self.ingest.again {
            return;
        }
        if std::mem::take(&mut self.ingest.unlisted) && self.reconcile().is_err() {
            self.ingest.list_again();
        }
        let identity = self.opened.as_ref().map(|o| o.identity.clone());
        if let (Some(identity), Some(listed)) = (identity, self.ingest.unmet.take()) {
            self.meet(&identity, listed);
        }
    }

    /// Files that are on the card, and those that are neither there nor here.
    fn on_card(&self, wanted: Vec<Source>, listed: &[Listed]) -> (Vec<Source>, Vec<Source>) {
        let here = |s: &Source| self.ingest.wanted.iter().any(|w| w.source == *s);
        let there = |s: &Source| listed.iter().any(|l| l.source == *s);
        wanted.into_iter().filter(|s| !here(s)).partition(there)
    }

    fn want_missed(&mut self, mut sources: Vec<Source>) -> usize {
        sources.retain(|s| !self.ingest.given_up.contains(s));
        let n = sources.len();
        if n == 0 {
            return 0;
        }
        let text = if n == 1 {
            "1 picture that was missed is on the card and is fetched now".to_owned()
        } else {
            format!("{n} pictures that were missed are on the card and are fetched now")
        };
        self.shared.say(Level::Note, text);
        let triggered = self.exposure.as_ref().map(|e| e.triggered);
        for source in sources {
            self.ingest.want(Wanted::new(source, triggered));
        }
        self.tell_state();
        n
    }

    /// A file that was announced and is nowhere any more.
    fn miss(&self, source: &Source) {
        let kept = self.opened.as_ref().is_some_and(|o| o.abilities.card);
        let text = if kept {
            format!("{} was removed from the card before it was fetched", source.name)
        } else {
            format!(
                "{} was only in the camera's memory and went with it; put a card into the camera",
                source.name
            )
        };
        self.shared.say(Level::Warning, text);
        if let Err(e) = self.shared.book.lock().session.miss(source) {
            tracing::error!("a missing file was not noted ({e})");
        }
    }

    pub(super) fn announced(&mut self, id: &ObjectId) {
        let Some(opened) = &self.opened else { return };
        let source = source(&opened.identity, id);
        let triggered = self.exposure.as_mut().map(|e| {
            e.announced = Some(Instant::now());
            e.triggered
        });
        if self.ingest.is_echo(&source) {
            return;
        }
        let noted = self.shared.book.lock().session.announce(&source);
        // It is fetched all the same; after a crash the card is compared with the journal.
        noted.map_or_else(|e| self.journal_trouble(&e), drop);
        self.ingest.want(Wanted::new(source, triggered));
        self.tell_fetching();
    }

    /// Fetches and stores the next file. One that cannot be stored waits here and stays on the card.
    pub(super) fn fetch_next(&mut self) -> Result<(), CameraError> {
        if Instant::now() < self.ingest.again {
            return Ok(());
        }
        let Some(mut wanted) = self.ingest.wanted.pop_front() else { return Ok(()) };
        let got = match wanted.got.take().map_or_else(|| self.fetch(&wanted.source), Ok) {
            Ok(got) => got,
            Err(e @ (CameraError::Gone(..) | CameraError::Absent(..))) => return Err(e),
            Err(e) => return self.not_fetched(wanted, &e),
        };
        match self.store(&wanted, &got) {
            Ok(()) => self.stored(),
            Err(e) => {
                wanted.got = Some(got);
                self.not_stored(wanted, &e);
            }
        }
        self.tell_fetching();
        Ok(())
    }

    fn stored(&mut self) {
        if self.ingest.storing_fails {
            self.ingest.storing_fails = false;
            self.shared.say(Level::Note, "captures can be stored again; the rest is fetched now");
        }
        if self.ingest.is_idle() {
            self.tell_state();
        }
    }

    /// What waits for a folder that takes it does not keep anybody from opening another one.
    fn tell_fetching(&self) {
        let ingest = &self.ingest;
        let open = if ingest.storing_fails { 0 } else { ingest.wanted.len() };
        self.shared.meters.fetching.store(open as u64, Ordering::Relaxed);
    }

    fn not_fetched(&mut self, mut wanted: Wanted, error: &CameraError) -> Result<(), CameraError> {
        wanted.tries += 1;
        self.ingest.again = Instant::now() + FETCH_AGAIN;
        if wanted.tries < TRIES {
            self.ingest.wanted.push_back(wanted);
            return Ok(());
        }
        let name = &wanted.source.name;
        self.shared.say(
            Level::Warning,
            format!(
                "{name} could not be fetched ({error}); it is tried again when the camera is \
                 connected anew"
            ),
        );
        self.ingest.given_up.insert(wanted.source);
        // Removed from the card, or damaged there: the card tells.
        self.reconcile()?;
        self.tell_fetching();
        self.tell_state();
        Ok(())
    }

    fn not_stored(&mut self, wanted: Wanted, error: &io::Error) {
        if !self.ingest.storing_fails {
            let name = &wanted.source.name;
            self.shared.say(
                Level::Error,
                format!(
                    "{name} cannot be stored ({error}); it stays on the camera's card. Make room or \
                     mend the folder: everything is fetched then"
                ),
            );
        }
        self.ingest.storing_fails = true;
        // Held bytes would fill the memory: all but this one are fetched again.
        self.ingest.wanted.push_front(wanted);
        self.ingest.again = Instant::now() + STORE_AGAIN;
    }

    fn journal_trouble(&self, e: &io::Error) {
        if self.ingest.storing_fails {
            return;
        }
        self.shared.say(
            Level::Error,
            format!(
                "the session's journal cannot be written ({e}); captures stay on the camera's card: \
                 make room or mend the folder"
            ),
        );
    }

    /// A file's content. A picture that does not decode cleanly is asked for again: the same bytes
    /// twice are the camera's own, others came to harm on the way.
    fn fetch(&mut self, source: &Source) -> Result<Got, CameraError> {
        let mut first = self.fetch_once(source)?;
        let Some(why) = &first.complaint else { return Ok(first) };
        if self.ingest.odd.as_ref() == Some(why) && !ends_early(source, &first.bytes) {
            first.complaint = None;
            return Ok(first);
        }
        tracing::warn!("{} is asked for again: {why}", source.name);
        let second = self.fetch_once(source)?;
        if second.sha256 == first.sha256 {
            self.ingest.odd.clone_from(&second.complaint);
            return Ok(second);
        }
        if second.complaint.is_none() {
            return Ok(second);
        }
        // Two of three agree, or the last one is all there is.
        let third = self.fetch_once(source)?;
        Ok(if third.sha256 == first.sha256 { first } else { third })
    }

    fn fetch_once(&mut self, source: &Source) -> Result<Got, CameraError> {
        let id = ObjectId { folder: source.folder.clone(), name: source.name.clone() };
        let asked = Instant::now();
        let camera = self.camera()?;
        let bytes = camera.fetch(&id)?;
        let arrived = Instant::now();
        let dated = camera.dated(&id);
        let (complaint, sha256) =
            rayon::join(|| open::complaint(&source.name, &bytes), || sha256(&bytes));
        tracing::debug!(
            "{}: fetched in {} ms, checked in {} ms",
            source.name,
            (arrived - asked).as_millis(),
            arrived.elapsed().as_millis()
        );
        Ok(Got { bytes, sha256, dated, arrived, complaint })
    }

    fn store(&mut self, wanted: &Wanted, got: &Got) -> io::Result<()> {
        let fetched = Fetched {
            source: &wanted.source,
            bytes: &got.bytes,
            sha256: &got.sha256,
            dated: got.dated,
        };
        let mut book = self.shared.book.lock();
        if book.session.has(&wanted.source, &got.sha256) {
            return book.session.note_same(&fetched);
        }
        let begun = Instant::now();
        let (original, id) = book.store(&fetched)?;
        tracing::debug!("{}: written in {} ms", original.file, begun.elapsed().as_millis());
        let added = id.and_then(|id| {
            book.change(id, |t| {
                t.timing.shutter_to_stored = wanted.triggered.map(|at| at.elapsed());
                t.timing.shutter_to_announced = wanted.triggered.map(|at| wanted.announced - at);
            })
        });
        let changed = id.is_none().then(|| {
            let own = naming::split(&original.file).0;
            book.takes().iter().find(|t| naming::split(&t.name).0 == own).cloned()
        });
        drop(book);
        self.note_room(original.bytes);
        if let Some(why) = got.complaint.as_ref().filter(|why| !jpeg::is_quirk(why)) {
            let text = format!(
                "{} is damaged on the card itself ({why}); it was fetched twice and is kept as it \
                 is: look at it in the camera, or take the picture again",
                original.file
            );
            self.shared.say(Level::Warning, text);
        }
        if let Some(take) = added {
            self.shared.meters.waiting.fetch_add(1, Ordering::Relaxed);
            let arrival = Arrival { take: take.id, arrived: Some(got.arrived) };
            self.shared.tell(Event::TakeAdded(take));
            // The judge outlives this thread; its queue holds numbers, not pictures.
            self.out.arrivals.send(arrival).ok();
        }
        if let Some(take) = changed.flatten() {
            self.shared.tell(Event::TakeChanged(take));
        }
        self.out.copies.try_send(()).ok();
        Ok(())
    }
}

fn source(identity: &str, id: &ObjectId) -> Source {
    Source { camera: identity.to_owned(), folder: id.folder.clone(), name: id.name.clone() }
}

fn at_source(camera: &str, object: Object) -> Listed {
    Listed { source: source(camera, &object.id), bytes: object.bytes, dated: object.dated }
}

/// A file that was cut off is never a body's way of writing them.
fn ends_early(source: &Source, bytes: &[u8]) -> bool {
    is_jpeg(&source.name) && !jpeg::is_whole(bytes)
}

fn stem(source: &Source) -> &str {
    naming::split(&source.name).0
}
