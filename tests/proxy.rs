//! A cable that can be pulled: forwards TCP connections to a port of this computer until cut.

use culet::engine::thread::{Joined, spawn};
use parking_lot::Mutex;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The cable.
pub(crate) struct Proxy {
    /// Where it is plugged in.
    pub(crate) port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
    stop: Arc<AtomicBool>,
    _thread: Joined,
}

impl Proxy {
    /// A cable to `target` of 127.0.0.1.
    pub(crate) fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, stopped) = (Arc::clone(&open), Arc::clone(&stop));
        let thread = spawn("test-cable", move || {
            let mut pumps = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let Ok((near, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                near.set_nonblocking(false).unwrap();
                let far = TcpStream::connect(("127.0.0.1", target)).unwrap();
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    kept.lock().push(from.try_clone().unwrap());
                    pumps.push(spawn("test-pump", move || drop(pump(from, to))).unwrap());
                }
            }
        })
        .unwrap();
        Self { port, open, stop, _thread: thread }
    }

    /// Pulls it; whoever connects again is connected again.
    pub(crate) fn cut(&self) {
        for stream in self.open.lock().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    to.set_nodelay(true)?;
    let mut buffer = vec![0; 65_536];
    loop {
        match from.read(&mut buffer)? {
            0 => return to.shutdown(Shutdown::Both),
            n => to.write_all(&buffer[..n])?,
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.cut();
    }
}
