//! Why a rule acted or raised an alert: the figures it decided on, kept with what it did, and the sentence they make.

use kernel::{BusinessDate, Money, counted};
use parties::Language;
use routing::Hundredths;
use serde::{Deserialize, Serialize};

/// What a rule decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Cause {
    /// Bills are overdue for too long.
    Overdue {
        /// Days overdue of the oldest.
        days: i64,
        /// Days that are allowed.
        allowed: i64,
        /// The bills, the oldest first.
        numbers: Vec<String>,
    },
    /// The latest bills were paid late, one after another.
    Delays {
        /// How many.
        delays: i64,
        /// Their numbers, the newest first.
        numbers: Vec<String>,
        /// What is cut, in per cent.
        percent: i64,
    },
    /// Nothing was overdue for so long that what was cut is given back.
    Clean {
        /// Since when.
        since: BusinessDate,
        /// For how many days.
        days: i64,
        /// What is given back.
        #[serde(with = "kernel::sum")]
        amount: Money,
    },
    /// The score is high.
    Score {
        /// The score.
        total: Hundredths,
    },
    /// Much more is ordered than usual.
    Spike {
        /// The value of the last 7 days.
        #[serde(with = "kernel::sum")]
        placed: Money,
        /// The usual value of 7 days.
        #[serde(with = "kernel::sum")]
        usual: Money,
    },
    /// The limits are nearly used up.
    Utilisation {
        /// Reserved and outstanding.
        #[serde(with = "kernel::sum")]
        used: Money,
        /// All limits.
        #[serde(with = "kernel::sum")]
        limit: Money,
    },
}

impl Cause {
    /// The sentence for a person.
    pub fn sentence(&self, language: Language) -> String {
        match self {
            Self::Overdue { days, allowed, numbers } => {
                let bills = named(numbers);
                match language {
                    Language::Nepali => format!("{bills} को म्याद नाघेको {days} दिन भयो ({allowed} दिनसम्म मिल्छ)।"),
                    Language::RomanNepali => {
                        format!("{bills} ko myad nagheko {days} din bhayo ({allowed} din samma milchha).")
                    }
                    Language::English => {
                        let (late, fine) = (counted(*days, "day"), counted(*allowed, "day"));
                        format!("{bills}: {late} overdue; up to {fine} is fine.")
                    }
                }
            }
            Self::Delays { delays, numbers, percent } => {
                let bills = named(numbers);
                match language {
                    Language::Nepali => format!("पछिल्ला {delays} बिल ({bills}) लगातार ढिला भए; सीमा {percent} % घट्छ।"),
                    Language::RomanNepali => {
                        format!("Pachhilla {delays} bill ({bills}) lagatar dhila bhaye; seema {percent} % ghatchha.")
                    }
                    Language::English => {
                        format!("The latest {delays} bills ({bills}) were late, one after another: {percent} % less.")
                    }
                }
            }
            Self::Clean { since, days, amount } => {
                let amount = amount.for_people();
                match language {
                    Language::Nepali => format!("{since} देखि {days} दिनसम्म केही ढिला भएन; {amount} फिर्ता हुन्छ।"),
                    Language::RomanNepali => {
                        format!("{since} dekhi {days} din samma kehi dhila bhaena; {amount} phirta hunchha.")
                    }
                    Language::English => {
                        let days = counted(*days, "day");
                        format!("Nothing was overdue for {days}, since {since}: {amount} is given back.")
                    }
                }
            }
            Self::Score { total } => match language {
                Language::Nepali => format!("जोखिम अङ्क {total} / 100 छ।"),
                Language::RomanNepali => format!("Jokhim anka {total} / 100 chha."),
                Language::English => format!("The risk score is {total} of 100."),
            },
            Self::Spike { placed, usual } => {
                let (placed, usual) = (placed.for_people(), usual.for_people());
                match language {
                    Language::Nepali => format!("७ दिनमा {placed} अर्डर भयो; सधैंको {usual} हो।"),
                    Language::RomanNepali => format!("7 din ma {placed} order bhayo; sadhaiko {usual} ho."),
                    Language::English => format!("Ordered for {placed} in 7 days; {usual} is usual."),
                }
            }
            Self::Utilisation { used, limit } => {
                let (used, limit) = (used.for_people(), limit.for_people());
                match language {
                    Language::Nepali => format!("{limit} को सीमामध्ये {used} चलिसक्यो।"),
                    Language::RomanNepali => format!("{limit} ko seema madhye {used} chalisakyo."),
                    Language::English => format!("{used} of {limit} is used."),
                }
            }
        }
    }
}

/// At most this many bills are named.
const NAMED: usize = 5;

fn named(numbers: &[String]) -> String {
    let mut text = numbers.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if numbers.len() > NAMED {
        text.push_str(", …");
    }
    text
}
