//! Threads, processes and queues. The only module that starts them.
