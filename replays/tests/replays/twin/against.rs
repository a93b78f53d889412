//! The ledger against a report, and against itself.

use std::collections::BTreeMap;

use reprise_replays::Report;

use super::{Counts, Ledger, Market, text, times, units};

impl Ledger {
    /// The report's figures are those of the ledger, to the last digit.
    pub fn compare(&self, report: &Report, context: &str) {
        let mut total = [0; 4];
        for (asset, parts) in self.parts() {
            let converted = parts.map(|part| self.converted(asset, part));
            if converted.iter().all(Option::is_some) {
                for (sum, part) in total.iter_mut().zip(converted) {
                    *sum += part.unwrap();
                }
            } else {
                assert!(
                    report.warnings.iter().any(|said| said.contains(&format!("profit in {asset}"))),
                    "{context}"
                );
            }
        }
        let [realized, unrealized, fees, funding] = total;
        let end = self.opening + realized + unrealized - fees + funding;
        let figures = [
            ("realized", report.realized_pnl, realized),
            ("unrealized", report.unrealized_pnl, unrealized),
            ("fees", report.fees, fees),
            ("funding", report.funding, funding),
            ("equity_start", report.equity_start, self.opening),
            ("equity_end", report.equity_end, end),
        ];
        for (name, said, counted) in figures {
            assert_eq!(units(&said.to_string()), counted, "{context}: {name}");
        }
        assert_eq!(
            (report.reporting_asset.as_str(), report.events),
            (self.reporting.as_str(), self.events),
            "{context}"
        );
        self.compare_positions(report, context);
        self.compare_balances(report, context);
        self.compare_counts(report, context);
    }

    fn compare_positions(&self, report: &Report, context: &str) {
        let mut said = BTreeMap::new();
        for p in &report.positions {
            let parts = [p.realized_pnl, p.unrealized_pnl, p.fees, p.funding, p.cost]
                .map(|part| units(&part.to_string()));
            said.insert(
                (p.instrument.to_string(), p.strategy.to_string()),
                (units(&p.qty.to_string()), parts),
            );
        }
        let counted = self.kept.iter().map(|(place, kept)| {
            let value = self.markets[&place.0].value();
            let unrealized = value.map_or(0, |price| times(price, kept.qty) - kept.cost);
            (place.clone(), (kept.qty, [kept.realized, unrealized, kept.fees, kept.funding, kept.cost]))
        });
        assert_eq!(said, counted.collect(), "{context}: positions");
        for one in &report.instruments {
            let id = one.instrument.to_string();
            let net: i128 =
                self.kept.iter().filter(|(place, _)| place.0 == id).map(|(_, kept)| kept.qty).sum();
            assert_eq!(units(&one.position.to_string()), net, "{context}: net position in {id}");
        }
    }

    fn compare_balances(&self, report: &Report, context: &str) {
        let said: BTreeMap<_, _> = report
            .balances
            .iter()
            .map(|balance| {
                let amounts = [balance.total, balance.fees].map(|amount| units(&amount.to_string()));
                (balance.asset.to_string(), amounts)
            })
            .collect();
        let fee = |asset: &String| self.fees.get(asset).copied().unwrap_or(0);
        let counted: BTreeMap<_, _> =
            self.cash.iter().map(|(asset, &total)| (asset.clone(), [total, fee(asset)])).collect();
        for (asset, amounts) in &counted {
            assert_eq!(said.get(asset), Some(amounts), "{context}: {asset}");
        }
        // An asset that was only ever held for is not in the ledger, and the account has none of it.
        for (asset, amounts) in said.iter().filter(|(asset, _)| !counted.contains_key(*asset)) {
            assert_eq!(*amounts, [0, 0], "{context}: {asset}");
        }
    }

    fn compare_counts(&self, report: &Report, context: &str) {
        let said = Counts {
            submitted: report.orders,
            fills: report.fills,
            rejects: report.rejects,
            denials: report.denials.clone(),
            cancels: report.cancels.iter().map(|(reason, &count)| ((*reason).to_owned(), count)).collect(),
            instruments: report
                .instruments
                .iter()
                .filter(|one| one.orders + one.denied + one.fills > 0)
                .map(|one| {
                    let amounts = (units(&one.volume.to_string()), units(&one.turnover.to_string()));
                    (one.instrument.to_string(), (one.orders, one.denied, one.fills, amounts.0, amounts.1))
                })
                .collect(),
        };
        assert_eq!(said, self.counts, "{context}");
    }

    /// Nothing is made or lost: what was paid is cost that is left or profit that was taken, what was bought is
    /// there, and equity moved by what the cash and what is owned are worth more.
    pub fn conserves(&self, context: &str) {
        for (place, kept) in &self.kept {
            assert_eq!(kept.cost - kept.realized, kept.paid - kept.base_fees, "{context}: {place:?}");
        }
        let gained = |asset: &str| {
            let of = |amounts: &BTreeMap<String, i128>| amounts.get(asset).copied().unwrap_or(0);
            of(&self.cash) - of(&self.at_start) - of(&self.transferred)
        };
        let spot = |(instrument, market): &(&String, &Market)| {
            !market.is_perpetual() && self.kept.keys().any(|place| place.0 == **instrument)
        };
        let quotes: Vec<&str> = self.parts().into_keys().collect();
        let bases: Vec<&str> =
            self.markets.iter().filter(spot).map(|(_, market)| text(&market.definition, "base")).collect();
        // Where an asset is the base of one instrument and the quote of another its cash tells of both.
        if bases.iter().any(|base| quotes.contains(base)) || quotes.len() != 1 {
            return;
        }
        for base in bases {
            let of_base = |instrument: &str| {
                let market = &self.markets[instrument];
                !market.is_perpetual() && text(&market.definition, "base") == base
            };
            let owned: i128 =
                self.kept.iter().filter(|(place, _)| of_base(&place.0)).map(|(_, kept)| kept.qty).sum();
            assert_eq!(gained(base), owned, "{context}: {base}");
        }
        let mut worth = gained(quotes[0]);
        for ((instrument, _), kept) in &self.kept {
            let market = &self.markets[instrument];
            let value = market.value().map_or(kept.cost, |price| times(price, kept.qty));
            worth += if market.is_perpetual() { value - kept.cost } else { value };
        }
        assert_eq!(
            self.equity().map(|equity| equity - self.opening),
            self.converted(quotes[0], worth),
            "{context}"
        );
    }
}
