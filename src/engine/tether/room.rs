//! What the room on a card tells: a picture that was taken and that no event told of.

/// Beside its bytes a file takes part of a cluster, and an entry in its folder.
const BESIDE: u64 = 128 << 10;

/// The room at the last look, and what came since.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Room {
    last: Option<u64>,
    came: u64,
    /// What was missing at the last look: it comes after that, and needs no room any more.
    ahead: u64,
}

impl Room {
    /// A file of so many bytes came from the card.
    pub(super) fn came(&mut self, bytes: u64) {
        self.came += bytes + BESIDE;
    }

    /// Holds the room of now, bytes, against that of before: whether more was filled than what came.
    pub(super) fn is_short(&mut self, now: Option<u64>) -> bool {
        let filled = self.last.zip(now).map_or(0, |(last, now)| last.saturating_sub(now));
        let came = self.came.saturating_sub(self.ahead);
        let ahead = filled.saturating_sub(came);
        *self = Self { last: now, came: 0, ahead };
        ahead > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_that_nobody_accounts_for_is_noticed() {
        let mut room = Room::default();
        assert!(!room.is_short(Some(1_000_000_000)), "there is nothing to compare with");
        assert!(!room.is_short(Some(1_000_000_000)));
        assert!(room.is_short(Some(999_999_999)), "something was written");
        room.came(8_000_000);
        assert!(!room.is_short(Some(991_900_000)), "clusters are not exact");
        room.came(8_000_000);
        assert!(room.is_short(Some(975_000_000)), "one of two came");
        room.came(8_000_000);
        assert!(room.is_short(Some(967_000_000)), "that one came late, and another is missing");
        assert!(!room.is_short(Some(64_000_000_000)), "the card was formatted or changed");
        assert!(!room.is_short(None) && !room.is_short(Some(5)));
    }
}
