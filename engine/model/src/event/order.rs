//! What the core decided about orders, and what became of them.

use crate::ids::{Asset, OrderId};
use crate::money::{Cash, Price, Qty};
use crate::order::{Liquidity, NewOrder, RequestOf};
use crate::refusal::Refusal;
use crate::text::Label;

crate::object! {
    /// What an open order takes out of the free balance.
    #[derive(Copy)]
    pub struct Hold {
        /// Of which asset.
        pub asset: Asset,
        /// How much.
        pub amount: Cash,
    }
}

crate::object! {
    /// Somebody asked for an order.
    pub struct OrderRequested {
        /// The order's id.
        pub order: OrderId,
        /// Its terms.
        @flatten pub terms: NewOrder,
    }
}

crate::object! {
    /// New terms for an order that is open; what is left out stays as it is.
    #[derive(Copy)]
    pub struct NewTerms {
        /// The whole quantity, filled part included, in base units.
        pub qty: Option<Qty>,
        /// The limit price.
        pub price: Option<Price>,
        /// The trigger.
        pub stop_price: Option<Price>,
    }
}

crate::object! {
    /// Risk refused an order, or the replacement of one.
    pub struct OrderDenied {
        /// Which order.
        pub order: OrderId,
        /// Whether the order itself or its replacement was refused.
        pub request: RequestOf,
        /// Why.
        @flatten pub refusal: Refusal,
    }
}

crate::object! {
    /// Risk approved an order and it is on its way to the venue.
    pub struct OrderSubmitted {
        /// Which order.
        pub order: OrderId,
        /// Its terms: a gateway sends what this event says and needs no other.
        @flatten pub terms: NewOrder,
        /// What it takes out of the free balance.
        pub hold: Hold,
    }
}

crate::object! {
    /// The venue took the order.
    pub struct OrderAccepted {
        /// Which order.
        pub order: OrderId,
        /// The venue's id of it.
        pub venue_order_id: Option<Label<39>>,
        /// The terms of an order that the venue reported and this run did not request.
        pub adopted: Option<Box<NewOrder>>,
    }
}

crate::object! {
    /// A part of an order was executed; the event's kind tells whether it was the last.
    pub struct Fill {
        /// Which order.
        pub order: OrderId,
        /// The execution's id at the venue.
        pub exec_id: Label<39>,
        /// What was executed (FIX: LastQty, 32), in base units.
        pub qty: Qty,
        /// At which price (FIX: LastPx, 31).
        pub price: Price,
        /// What the venue took for it, in units of `fee_asset`; negative is a rebate.
        pub fee: Cash,
        /// In which asset.
        pub fee_asset: Asset,
        /// Whether it gave or took liquidity.
        pub liquidity: Liquidity,
        /// Executed in all (FIX: CumQty, 14).
        pub cum_qty: Qty,
        /// Still open (FIX: LeavesQty, 151).
        pub leaves_qty: Qty,
    }
}

crate::object! {
    /// A part of an order was executed, and a part is still open.
    pub struct OrderPartiallyFilled {
        /// What was executed.
        @flatten pub fill: Fill,
    }
}

crate::object! {
    /// The last part of an order was executed.
    pub struct OrderFilled {
        /// What was executed.
        @flatten pub fill: Fill,
    }
}

crate::words! {
    /// Why an order is to be canceled, or was.
    pub enum CancelReason {
        /// The strategy asked for it.
        Strategy = "strategy",
        /// An operator asked for it.
        Operator = "operator",
        /// The kill switch was tripped.
        KillSwitch = "kill_switch",
        /// Another order of its group was filled.
        Group = "group",
        /// It was immediate-or-cancel, or a market order, and this part found nothing.
        Immediate = "immediate",
        /// It was fill-or-kill and could not be filled whole.
        FillOrKill = "fill_or_kill",
        /// The position it was to reduce is gone.
        ReduceOnly = "reduce_only",
        /// Its time ran out and the engine ends it.
        Expiry = "expiry",
        /// The venue canceled it on its own.
        Venue = "venue",
        /// The venue liquidated the account.
        Liquidation = "liquidation",
    }
}

crate::object! {
    /// A cancel is on its way.
    #[derive(Copy)]
    pub struct OrderCancelSubmitted {
        /// Which order.
        pub order: OrderId,
        /// Why.
        pub reason: CancelReason,
    }
}

crate::object! {
    /// The venue canceled what was left of an order.
    #[derive(Copy)]
    pub struct OrderCanceled {
        /// Which order.
        pub order: OrderId,
        /// Why.
        pub reason: CancelReason,
        /// What was left, in base units.
        pub leaves_qty: Qty,
    }
}

crate::object! {
    /// Risk approved new terms for an open order and they are on their way to the venue.
    #[derive(Copy)]
    pub struct OrderReplaceSubmitted {
        /// Which order.
        pub order: OrderId,
        /// The new terms.
        @flatten pub terms: NewTerms,
        /// What it takes out of the free balance under the new terms.
        pub hold: Hold,
    }
}

crate::object! {
    /// The venue took an order's new terms.
    #[derive(Copy)]
    pub struct OrderReplaced {
        /// Which order.
        pub order: OrderId,
        /// The new terms.
        @flatten pub terms: NewTerms,
    }
}

crate::object! {
    /// The venue refused a request.
    pub struct OrderRejected {
        /// Which order.
        pub order: OrderId,
        /// Which request.
        pub request: RequestOf,
        /// Why.
        @flatten pub refusal: Refusal,
        /// The venue's own words.
        pub reason: Option<String>,
    }
}

crate::object! {
    /// An order's time ran out.
    #[derive(Copy)]
    pub struct OrderExpired {
        /// Which order.
        pub order: OrderId,
        /// What was left, in base units.
        pub leaves_qty: Qty,
    }
}

crate::object! {
    /// What became of an order is not known.
    pub struct OrderUnknown {
        /// Which order.
        pub order: OrderId,
        /// Why it is not known.
        pub reason: String,
    }
}
