//! Where the subject is: a network's mask, or the classical path.
