//! The program itself, as processes of its own: started, raced, killed, told to end and asked again, over HTTP and on both
//! engines. What one process does inside is the subject of the other tests.

mod bench;
mod chat;
mod checker;
mod crash;
mod disk;
mod dump;
mod ending;
mod history;
mod imports;
mod jobs;
mod load;
mod offers;
mod points;
mod race;
mod restarts;
pub(crate) mod server;
mod story;
mod world;
