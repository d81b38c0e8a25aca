//! `khaacho user`: operators and passwords.

use anyhow::bail;
use kernel::{Actor, Clock, Context, IdGen, Role};
use parties::Secrets;

use crate::config::Config;
use crate::serve::{open_database, print_line};

/// The flags of the command.
#[derive(Clone, Debug, clap::Args)]
pub struct Flags {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// Create an operator and print its password.
    Add {
        /// The name to sign in with.
        login: String,
    },
    /// Give someone a new password and print it.
    Reset {
        /// The name to sign in with.
        login: String,
    },
}

/// Runs the command.
pub async fn run(config: Config, flags: Flags) -> anyhow::Result<()> {
    let (clock, ids) = (Clock::system(), IdGen::system());
    let db = open_database(&config, &clock).await?;
    let cx = Context::new(&clock, &ids, Actor::System, "command-line");
    let password = kernel::hex(&cx.random_bytes::<12>());
    let hash = Secrets::default().hash(&cx, &password).await??;
    match flags.action {
        Action::Add { login } => {
            let name = login.clone();
            let created = db.write(async move |tx| {
                parties::create_user(tx, &cx, &name, hash.clone(), Role::Admin, None, None).await
            });
            if let Err(refusal) = created.await? {
                bail!("{refusal}");
            }
            print_line(&format!("{login} can sign in with the password {password}"));
        }
        Action::Reset { login } => {
            let name = login.clone();
            let set = db.write(async move |tx| parties::set_password(tx, &cx, &name, &hash).await);
            if set.await?.is_err() {
                bail!("there is nobody with the login {login:?}");
            }
            print_line(&format!("{login} can sign in with the password {password}"));
        }
    }
    Ok(())
}
