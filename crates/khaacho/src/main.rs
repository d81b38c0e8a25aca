//! The `khaacho` binary.

use std::process::ExitCode;

/// Faster than the system's where many small pieces are taken and given back, SQLite's own among them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    khaacho::commands::main().await
}
