//! The program itself: started, raced, killed and asked again, over HTTP and on both engines.

mod crash;
mod imports;
mod race;
mod server;
mod world;
