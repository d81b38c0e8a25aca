//! The program itself, as processes of its own: started, raced, killed, told to end and asked again, over HTTP and on both
//! engines. What one process does inside is the subject of the other tests.

mod crash;
mod ending;
mod load;
mod race;
mod server;
mod world;
