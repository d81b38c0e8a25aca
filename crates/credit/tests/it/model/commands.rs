//! What may be done to credit, in plain numbers: amounts are paisa and days are counted from the first one.
//!
//! A thing is named by the step of the command that made it, so that a list of commands keeps its meaning when some of
//! them are dropped. A command whose thing was never made is passed over.

/// The step of a command in its run.
pub(super) type Step = usize;

/// Places of a retailer and a vendor.
pub(super) type Pair = (usize, usize);

/// How many retailers and how many vendors there are.
pub(super) const PARTIES: usize = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// Day and basis points of each row.
    pub(super) discounts: Vec<(i64, i64)>,
    pub(super) yearly: i64,
    pub(super) grace: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Principal(i64),
    Cash(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Return,
    Dispute,
    WriteOff,
    Correction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    Paused,
    Blocked,
}

/// How a payment is paid and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slip {
    pub(super) on: i64,
    /// By wallet with this number where there is one, in cash otherwise.
    pub(super) reference: Option<usize>,
    pub(super) keep_excess: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Grant {
        pair: Pair,
        limit: i64,
        days: i64,
        terms: Option<Terms>,
    },
    Change {
        pair: Pair,
        change: Change,
    },
    Cap {
        retailer: usize,
        cap: Option<i64>,
    },
    Ceiling {
        vendor: usize,
        ceiling: Option<i64>,
    },
    Stop {
        retailer: usize,
        status: Status,
    },
    Pass {
        days: i64,
    },
    /// Holds for a new order, or for an order of an earlier step that holds nothing.
    Reserve {
        order: Option<Step>,
        pair: Pair,
        amount: i64,
        until: Option<i64>,
    },
    Release {
        order: Step,
    },
    Deliver {
        order: Step,
        amount: i64,
        on: i64,
    },
    Repay {
        cycle: Step,
        ask: Ask,
        slip: Slip,
    },
    Pay {
        pair: Pair,
        amount: i64,
        slip: Slip,
    },
    PayNamed {
        pair: Pair,
        amount: Option<i64>,
        parts: Vec<(Step, Ask)>,
        slip: Slip,
    },
    /// Money for what was written off of a cycle.
    Recover {
        cycle: Step,
        amount: i64,
        slip: Slip,
    },
    Apply {
        payment: Step,
        amount: Option<i64>,
    },
    Refund {
        payment: Step,
        amount: Option<i64>,
    },
    Reverse {
        payment: Step,
    },
    Adjust {
        cycle: Step,
        kind: Kind,
        rises: bool,
        amount: i64,
    },
    Dispute {
        cycle: Step,
    },
    Decide {
        dispute: Step,
        upheld: bool,
        amount: Option<i64>,
    },
    Close {
        cycle: Step,
    },
    Extend {
        cycle: Step,
        due: i64,
    },
}

/// New conditions of a line; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) limit: Option<i64>,
    pub(super) days: Option<i64>,
    pub(super) max_order: Option<i64>,
    pub(super) max_overdue: Option<i64>,
    pub(super) status: Option<Status>,
    pub(super) terms: Option<Terms>,
}

/// What a command was answered: figures, or a code with its figures.
pub(super) type Answer = Result<Vec<i64>, (String, Vec<i64>)>;

/// Everything that can be seen after a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) lines: Vec<(Pair, Line)>,
    /// One of the lines as plain reads show it.
    pub(super) plain: Option<Plain>,
    pub(super) cycles: Vec<(Step, Cycle)>,
    pub(super) payments: Vec<(Step, Payment)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) limit: i64,
    pub(super) reserved: i64,
    pub(super) outstanding: i64,
    pub(super) available: i64,
    pub(super) overdue_days: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) reserved: i64,
    pub(super) outstanding: i64,
    /// The least of line, cap and ceiling.
    pub(super) available: i64,
    pub(super) binding: String,
    /// What stands in the way of an order of one paisa.
    pub(super) reasons: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cycle {
    pub(super) principal: i64,
    pub(super) outstanding: i64,
    pub(super) repaid: i64,
    pub(super) discount: i64,
    pub(super) interest: i64,
    pub(super) adjusted: i64,
    pub(super) status: String,
    pub(super) due: i64,
    pub(super) overdue_days: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Payment {
    pub(super) amount: i64,
    pub(super) unapplied: i64,
    pub(super) refunded: i64,
    pub(super) is_reversed: bool,
}
