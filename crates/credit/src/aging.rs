//! Aging: open principal by how long it is overdue, on any business date, past ones too.

use db::{DbError, Tx};
use kernel::{BusinessDate, Money, Overflow, RetailerId, Scope, VendorId};
use serde::Serialize;

use crate::store::{broken, totals};

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
    /// Adds principal that is due on a date.
    pub fn add(&mut self, due_on: BusinessDate, open: Money, on: BusinessDate) -> Result<(), Overflow> {
        let bucket = match on.days_since(due_on) {
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

/// The aging of all cycles in a scope on a date, by what had begun and been repaid by then. One statement.
pub async fn aging(
    tx: &mut Tx,
    scope: Scope,
    filter: AgingFilter,
    on: BusinessDate,
    today: BusinessDate,
) -> Result<Aging, DbError> {
    let mut aging = Aging::default();
    let is_outside =
        |own: Option<String>, asked: Option<String>| own.zip(asked).is_some_and(|(own, asked)| own != asked);
    let text = |id: Option<RetailerId>| id.map(|id| id.to_string());
    let vendor_text = |id: Option<VendorId>| id.map(|id| id.to_string());
    let (own_retailer, own_vendor) = (text(scope.retailer()), vendor_text(scope.vendor()));
    let (retailer, vendor) = (text(filter.retailer), vendor_text(filter.vendor));
    if is_outside(own_retailer.clone(), retailer.clone()) || is_outside(own_vendor.clone(), vendor.clone()) {
        return Ok(aging);
    }
    let retailer = own_retailer.or(retailer).unwrap_or_default();
    let vendor = own_vendor.or(vendor).unwrap_or_default();
    let open = if on >= today {
        totals::open_by_due_date(tx, &retailer, &vendor).await?
    } else {
        totals::open_by_due_date_on(tx, &retailer, &vendor, on).await?
    };
    for (due_on, amount) in open {
        aging.add(due_on, amount, on).map_err(broken)?;
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
            let on: BusinessDate = "2026-05-01".parse().unwrap();
            let mut aging = Aging::default();
            for (days, paisa) in &cycles {
                aging.add(on.plus_days(*days), Money::from_paisa(*paisa), on).unwrap();
            }
            let buckets = [aging.not_due, aging.d1to30, aging.d31to60, aging.d61to90, aging.over90];
            prop_assert_eq!(Money::sum(buckets).unwrap(), aging.outstanding);
            let not_due = cycles.iter().filter(|(days, _)| *days >= 0).map(|(_, paisa)| paisa).sum::<i64>();
            prop_assert_eq!(aging.not_due.paisa(), not_due);
        }
    }

    #[test]
    fn overdue_begins_the_day_after() {
        let due: BusinessDate = "2026-01-31".parse().unwrap();
        let at = |days| {
            let mut aging = Aging::default();
            aging.add(due, Money::from_paisa(1), due.plus_days(days)).unwrap();
            [aging.not_due, aging.d1to30, aging.d31to60, aging.d61to90, aging.over90].map(Money::paisa)
        };
        assert_eq!((at(0), at(1), at(30)), ([1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 1, 0, 0, 0]));
        assert_eq!((at(31), at(60), at(61)), ([0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]));
        assert_eq!((at(90), at(91)), ([0, 0, 0, 1, 0], [0, 0, 0, 0, 1]));
    }
}
