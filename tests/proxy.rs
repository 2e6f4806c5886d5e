//! A cable that can be pulled: forwards TCP connections to a port of this computer until cut.

use culet::engine::thread::{Joined, spawn};
use parking_lot::Mutex;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The cable.
pub(crate) struct Proxy {
    /// Where it is plugged in.
    pub(crate) port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
    /// Bytes that the camera may still say.
    left: Arc<AtomicU64>,
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
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let allowance = Arc::clone(&left);
        let thread = spawn("test-cable", move || {
            let mut pumps = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let Ok((near, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                near.set_nonblocking(false).unwrap();
                near.set_nodelay(true).unwrap();
                let far = TcpStream::connect(("127.0.0.1", target)).unwrap();
                let asked = Arc::new(AtomicU64::new(u64::MAX));
                for (from, to, left) in [(&near, &far, &asked), (&far, &near, &allowance)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    kept.lock().push(from.try_clone().unwrap());
                    let left = Arc::clone(left);
                    pumps.push(spawn("test-pump", move || drop(pump(from, to, &left))).unwrap());
                }
            }
        })
        .unwrap();
        Self { port, open, left, stop, _thread: thread }
    }

    /// Pulls it once, after so many more bytes from the camera.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.left.store(bytes, Ordering::Relaxed);
    }

    /// Pulls it; whoever connects again is connected again.
    pub(crate) fn cut(&self) {
        for stream in self.open.lock().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, left: &AtomicU64) -> io::Result<()> {
    to.set_nodelay(true)?;
    let mut buffer = vec![0; 65_536];
    loop {
        match from.read(&mut buffer)? {
            0 => return to.shutdown(Shutdown::Both),
            n => {
                let may = left.load(Ordering::Relaxed);
                if n as u64 > may {
                    to.write_all(&buffer[..may as usize])?;
                    left.store(u64::MAX, Ordering::Relaxed);
                    from.shutdown(Shutdown::Both).ok();
                    return to.shutdown(Shutdown::Both);
                }
                if may != u64::MAX {
                    left.store(may - n as u64, Ordering::Relaxed);
                }
                to.write_all(&buffer[..n])?;
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.cut();
    }
}
