//! What a venue reported: inputs, believed as facts. The order manager turns them into `order.*` outcomes;
//! the paper venue, which lives in the core, needs no reports.

use crate::ids::{Asset, OrderId, Ts};
use crate::money::{Cash, Price, Qty};
use crate::order::{Liquidity, RequestOf};
use crate::text::Label;

crate::object! {
    /// The venue took an order.
    pub struct ReportAccepted {
        /// Which order.
        pub order: OrderId,
        /// The venue's id of it.
        pub venue_order_id: Option<Label<39>>,
        /// The venue's own time.
        pub venue_ts: Option<Ts>,
    }
}

crate::object! {
    /// The venue refused a request.
    pub struct ReportRejected {
        /// Which order.
        pub order: OrderId,
        /// Which request.
        pub request: RequestOf,
        /// The venue's own words.
        pub reason: String,
    }
}

crate::object! {
    /// The venue executed a part of an order.
    pub struct ReportFilled {
        /// Which order.
        pub order: OrderId,
        /// The execution's id at the venue; a repeated one is the same fill by another path.
        pub exec_id: Label<39>,
        /// What was executed, in base units.
        pub qty: Qty,
        /// At which price.
        pub price: Price,
        /// What the venue took for it.
        pub fee: Cash,
        /// In which asset.
        pub fee_asset: Asset,
        /// Whether it gave or took liquidity.
        pub liquidity: Liquidity,
        /// The venue's own time.
        pub venue_ts: Option<Ts>,
    }
}

crate::object! {
    /// The venue canceled what was left of an order.
    pub struct ReportCanceled {
        /// Which order.
        pub order: OrderId,
        /// The venue's own words.
        pub reason: Option<String>,
    }
}

crate::object! {
    /// The venue took an order's new terms.
    pub struct ReportReplaced {
        /// Which order.
        pub order: OrderId,
        /// The whole quantity now.
        pub qty: Option<Qty>,
        /// The limit price now.
        pub price: Option<Price>,
        /// The trigger now.
        pub stop_price: Option<Price>,
    }
}

crate::object! {
    /// The venue ended an order because its time ran out.
    pub struct ReportExpired {
        /// Which order.
        pub order: OrderId,
    }
}

crate::object! {
    /// A request got no answer, or one that cannot be understood.
    pub struct ReportUnanswered {
        /// Which order.
        pub order: OrderId,
        /// Which request.
        pub request: RequestOf,
        /// What happened instead.
        pub reason: String,
    }
}
