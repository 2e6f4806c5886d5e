//! The loop of a camera host: questions in, answers out, whatever the camera is.

use super::wire::{Ask, Tell, WireError, pack};
use super::{Camera, CameraError};
use std::time::Duration;

/// The longest that a host waits for events before it answers.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Answers questions until there are no more or [`Ask::Close`] comes.
pub fn serve(
    camera: &mut dyn Camera,
    asks: impl IntoIterator<Item = Ask>,
    tell: &mut dyn FnMut(&Tell, &[u8]) -> Result<(), WireError>,
) -> Result<(), WireError> {
    for ask in asks {
        if ask == Ask::Close {
            break;
        }
        let (answer, payload) =
            answer(camera, ask).unwrap_or_else(|e| (Tell::Failed(e), Vec::new()));
        tell(&answer, &payload)?;
    }
    Ok(())
}

fn answer(camera: &mut dyn Camera, ask: Ask) -> Result<(Tell, Vec<u8>), CameraError> {
    let plain = |tell| (tell, Vec::new());
    let done = |()| (Tell::Done, Vec::new());
    match ask {
        Ask::Frame => camera.frame().map(pack),
        Ask::EndLive => camera.end_live().map(done),
        Ask::Trigger => camera.trigger().map(done),
        Ask::Events(ms) => {
            let within = Duration::from_millis(ms).min(LONGEST_WAIT);
            camera.events(within).map(|events| plain(Tell::Events(events)))
        }
        Ask::List => camera.list().map(|objects| plain(Tell::Objects(objects))),
        Ask::Fetch(object) => camera.fetch(&object).map(|bytes| (Tell::File, bytes)),
        Ask::Dated(object) => Ok(plain(Tell::Dated(camera.dated(&object)))),
        Ask::Settings => camera.settings().map(|settings| plain(Tell::Settings(settings))),
        Ask::Set(name, value) => camera.set(&name, &value).map(|v| plain(Tell::Value(v))),
        Ask::DriveFocus(steps) => camera.drive_focus(steps).map(done),
        Ask::Autofocus => camera.autofocus().map(done),
        Ask::Battery => Ok(plain(Tell::Battery(camera.battery()))),
        Ask::Room => Ok(plain(Tell::Room(camera.room()))),
        Ask::Facts => Ok(plain(Tell::Facts(camera.facts()))),
        Ask::Abilities => Ok(plain(Tell::Abilities(camera.abilities()))),
        Ask::Close => Ok(plain(Tell::Done)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Folder;

    #[test]
    fn questions_are_answered_in_order_until_close() {
        let dir = tempfile::tempdir().unwrap();
        let mut camera = Folder::open(dir.path()).unwrap();
        let asks = [Ask::Trigger, Ask::List, Ask::Battery, Ask::Close, Ask::List];
        let mut told = Vec::new();
        serve(&mut camera, asks, &mut |tell, _| {
            told.push(tell.clone());
            Ok(())
        })
        .unwrap();
        assert!(matches!(told[0], Tell::Failed(CameraError::Cannot(_))), "{told:?}");
        assert_eq!(told[1..], [Tell::Objects(vec![]), Tell::Battery(None)]);
    }
}
