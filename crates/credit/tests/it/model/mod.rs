//! Random commands on the product and its store beside the same commands on a naive credit in memory, which shares none
//! of its rules: after each one the answers and everything that can be seen are the same, and at the end of a run every
//! account of every book.
//!
//! A run has its seed. Seeds that once failed stand in `seeds.txt` and run first; the others are 1, 2, 3 … A run that fails
//! is made again without some of its commands as long as it still fails, and what is left is printed with the seed. There
//! are 600 commands on either engine; `TEST_MODEL_COMMANDS=20000` (`./test --long`) asks for that many.

mod acts;
mod commands;
mod generate;
mod look;
mod naive;
mod paying;
mod store;

use std::collections::BTreeMap;
use std::fmt;

use kernel::Money;
use testkit::TestDb;

use commands::{Command, Pair, Step};
use generate::Dice;
use naive::Naive;
use store::Shop;

use crate::world::World;

/// Commands of one run.
const LENGTH: Step = 75;
/// Commands where no number is asked for.
const USUAL: usize = 600;
const PAIRS: [Pair; 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

/// What was wrong, and the commands up to it.
struct Failure {
    commands: Vec<(Step, Command)>,
    what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (step, command) in &self.commands {
            writeln!(f, "{step}: {command:?}")?;
        }
        f.write_str(&self.what)
    }
}

/// Both sides of a run.
struct Run {
    naive: Naive,
    shop: Shop,
    /// How often each kind of command was answered how.
    answers: Answers,
}

/// Kind of command and `done` or the code of the refusal.
type Answers = BTreeMap<(String, String), usize>;

impl Run {
    async fn begin(world: &World, slips: bool) -> Self {
        Self { naive: Naive::new(slips), shop: Shop::open(world).await, answers: Answers::new() }
    }

    /// One command on both sides, and whether they agree.
    async fn step(&mut self, step: Step, command: &Command) -> Result<(), String> {
        let Some(expected) = self.naive.act(step, command) else { return Ok(()) };
        let answered = self.shop.act(step, command).await.map_err(|error| error.to_string())?;
        let kind = format!("{command:?}").split_once(' ').unwrap().0.to_owned();
        let code = answered.as_ref().err().map_or("done", |(code, _)| code.as_str()).to_owned();
        *self.answers.entry((kind, code)).or_default() += 1;
        if answered != expected {
            return Err(format!("answered {answered:?}, expected {expected:?}"));
        }
        for (order, cycle) in &mut self.naive.cycles {
            cycle.number = self.shop.numbers[order];
        }
        let plain = PAIRS.get(step % PAIRS.len()).copied();
        let seen = self.shop.seen(plain).await.map_err(|error| error.to_string())?;
        let expected = self.naive.seen(plain);
        if seen == expected { Ok(()) } else { Err(format!("seen {seen:#?}\nexpected {expected:#?}")) }
    }

    /// Every account of every book.
    async fn end(&self) -> Result<(), String> {
        for pair in PAIRS {
            let book = self.shop.book(pair).await.map_err(|error| error.to_string())?;
            let accounts = self.naive.books.iter().filter(|((of, _), balance)| *of == pair && **balance != 0);
            let expected: BTreeMap<String, i64> =
                accounts.map(|((_, account), balance)| ((*account).to_owned(), *balance)).collect();
            if book != expected {
                return Err(format!("the book of {pair:?} is {book:?}, expected {expected:?}"));
            }
        }
        Ok(())
    }
}

/// The run of a seed.
async fn run(world: &World, seed: u64, slips: bool) -> Result<Answers, Failure> {
    let (mut run, mut dice, mut commands) = (Run::begin(world, slips).await, Dice(seed), Vec::new());
    for step in 0..LENGTH {
        let command = generate::next(&mut dice, &run.naive, step);
        commands.push((step, command.clone()));
        if let Err(what) = run.step(step, &command).await {
            return Err(Failure { commands, what });
        }
    }
    run.end().await.map_err(|what| Failure { commands, what })?;
    Ok(run.answers)
}

/// The same commands once more.
async fn again(world: &World, commands: &[(Step, Command)], slips: bool) -> Result<(), String> {
    let mut run = Run::begin(world, slips).await;
    for (step, command) in commands {
        run.step(*step, command).await?;
    }
    run.end().await
}

/// Leaves out commands, many at once first, as long as it still fails.
async fn shrunk(world: &World, mut failure: Failure, slips: bool) -> Failure {
    let mut chunk = failure.commands.len().div_ceil(2);
    while chunk > 0 {
        let (mut at, before) = (0, failure.commands.len());
        while at < failure.commands.len() {
            let mut fewer = failure.commands.clone();
            fewer.drain(at..(at + chunk).min(failure.commands.len()));
            match again(world, &fewer, slips).await {
                Ok(()) => at += chunk,
                Err(what) => failure = Failure { commands: fewer, what },
            }
        }
        // What could not be left out at first may be once others are gone.
        if failure.commands.len() == before {
            chunk /= 2;
        }
    }
    failure
}

/// The seeds that once failed.
fn kept() -> impl Iterator<Item = u64> {
    let lines =
        include_str!("seeds.txt").lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
}

async fn world(t: TestDb) -> World {
    World::new(t, Money::ZERO, 30, None).await
}

testkit::both_engines! {
    async fn the_product_and_a_naive_credit_agree_after_every_command(t: TestDb) {
        let (world, mut answers) = (world(t).await, Answers::new());
        let wanted = testkit::wanted("TEST_MODEL_COMMANDS", USUAL);
        for seed in kept().chain(1..) {
            match run(&world, seed, false).await {
                Ok(counted) => counted.into_iter().for_each(|(answer, times)| *answers.entry(answer).or_default() += times),
                Err(failure) => panic!("seed {seed}, to be kept in seeds.txt\n{}", shrunk(&world, failure, false).await),
            }
            if answers.values().sum::<usize>() >= wanted {
                break;
            }
        }
        assert_eq!(world.findings().await, Vec::<String>::new());
        told(&answers);
    }
}

/// Prints how often what was answered. A run in which a kind of command is always refused, or none ever is, says little.
fn told(answers: &Answers) {
    let sum = |of: &dyn Fn(&(String, String)) -> bool| -> usize {
        answers.iter().filter(|(answer, _)| of(answer)).map(|(_, times)| times).sum()
    };
    let (done, refused) = (sum(&|(_, code)| code == "done"), sum(&|(_, code)| code != "done"));
    #[expect(clippy::print_stdout, reason = "the figures are for reading")]
    {
        println!("{done} done, {refused} refused");
        for ((kind, code), times) in answers {
            println!("{times:7} {kind} {code}");
        }
    }
    assert!(refused * 20 > done);
    for (kind, _) in answers.keys() {
        assert!(sum(&|(of, code)| of == kind && code == "done") > 0, "{kind} was never done");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slip_by_one_day_is_found_and_cut_down_to_what_shows_it() {
    let world = world(TestDb::sqlite().await.unwrap()).await;
    for seed in 1..100 {
        let Err(failure) = run(&world, seed, true).await else { continue };
        let failure = shrunk(&world, failure, true).await;
        let has_deadline = |(_, command): &(Step, Command)| matches!(command, Command::Reserve { until: Some(_), .. });
        assert!(failure.commands.iter().any(has_deadline) && failure.commands.len() < 20, "{failure}");
        return;
    }
    panic!("no run met the slip");
}
