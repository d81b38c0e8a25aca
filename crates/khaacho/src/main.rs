//! The `khaacho` binary.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    khaacho::commands::main().await
}
