//! Aging: open principal by how long it is overdue, on any business date, past ones too.

use db::{DbError, Tx};
use kernel::{BusinessDate, CycleId, Money, Overflow, RetailerId, Scope, VendorId};
use serde::Serialize;

use crate::store::totals::{self, Open};
use crate::store::{broken, cycles};

/// Open principal by days overdue. The buckets add up to `outstanding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Aging {
    /// All that is open.
    pub outstanding: Money,
    /// Due on the date itself or later.
    pub not_due: Money,
    /// 1 to 30 days overdue.
    pub d1to30: Money,
    /// 31 to 60 days overdue.
    pub d31to60: Money,
    /// 61 to 90 days overdue.
    pub d61to90: Money,
    /// More than 90 days overdue.
    pub over90: Money,
}

impl Aging {
    /// What is open now, as it ages on a date.
    pub(crate) fn of(open: &[Open], on: BusinessDate) -> Result<Self, Overflow> {
        let mut aging = Self::default();
        for part in open {
            aging.add(part.disputed_on.unwrap_or(on).days_since(part.late_from), part.principal)?;
        }
        Ok(aging)
    }

    /// Adds principal that is so many days overdue; negative or zero is not due.
    pub fn add(&mut self, days: i64, open: Money) -> Result<(), Overflow> {
        let bucket = match days {
            ..=0 => &mut self.not_due,
            1..=30 => &mut self.d1to30,
            31..=60 => &mut self.d31to60,
            61..=90 => &mut self.d61to90,
            91.. => &mut self.over90,
        };
        *bucket = bucket.plus(open)?;
        self.outstanding = self.outstanding.plus(open)?;
        Ok(())
    }
}

/// Whose cycles count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgingFilter {
    /// Only this retailer's.
    pub retailer: Option<RetailerId>,
    /// Only this vendor's.
    pub vendor: Option<VendorId>,
}

/// The aging of all cycles in a scope on a date. Today and later by what is open now, one statement; before that by the
/// journal's entries of that date or earlier, two statements. Due dates are those of now; days in dispute before the date
/// do not count.
pub async fn aging(
    tx: &mut Tx,
    scope: Scope,
    filter: AgingFilter,
    on: BusinessDate,
    today: BusinessDate,
) -> Result<Aging, DbError> {
    let mut aging = Aging::default();
    let (own_retailer, own_vendor) = (scope.retailer(), scope.vendor());
    if own_retailer.zip(filter.retailer).is_some_and(|(own, asked)| own != asked)
        || own_vendor.zip(filter.vendor).is_some_and(|(own, asked)| own != asked)
    {
        return Ok(aging);
    }
    let (retailer, vendor) = (own_retailer.or(filter.retailer), own_vendor.or(filter.vendor));
    if on >= today {
        return Aging::of(&totals::open_by_lateness(tx, retailer, vendor).await?, on).map_err(broken);
    }
    let open = ledger::receivable_by_cycle(tx, retailer, vendor, on).await?;
    let ids: Vec<CycleId> = open.iter().map(|(id, _)| *id).collect();
    let found = cycles::by_ids(tx, &ids).await?;
    for (id, amount) in open {
        let cycle = found.get(&id).ok_or(DbError::Missing("the cycle of a journal entry"))?;
        aging.add(cycle.standstill.days_late(cycle.due_on, on), amount).map_err(broken)?;
    }
    Ok(aging)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_buckets_add_up(cycles in proptest::collection::vec((-400_i64..400, 0_i64..1_000_000), 0..20)) {
            let mut aging = Aging::default();
            for (days, paisa) in &cycles {
                aging.add(*days, Money::from_paisa(*paisa)).unwrap();
            }
            let buckets = [aging.not_due, aging.d1to30, aging.d31to60, aging.d61to90, aging.over90];
            prop_assert_eq!(Money::sum(buckets).unwrap(), aging.outstanding);
            let not_due = cycles.iter().filter(|(days, _)| *days <= 0).map(|(_, paisa)| paisa).sum::<i64>();
            prop_assert_eq!(aging.not_due.paisa(), not_due);
        }
    }

    #[test]
    fn overdue_begins_the_day_after() {
        let at = |days| {
            let mut aging = Aging::default();
            aging.add(days, Money::from_paisa(1)).unwrap();
            [aging.not_due, aging.d1to30, aging.d31to60, aging.d61to90, aging.over90].map(Money::paisa)
        };
        assert_eq!((at(0), at(1), at(30)), ([1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 1, 0, 0, 0]));
        assert_eq!((at(31), at(60), at(61)), ([0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]));
        assert_eq!((at(90), at(91)), ([0, 0, 0, 1, 0], [0, 0, 0, 0, 1]));
    }
}
