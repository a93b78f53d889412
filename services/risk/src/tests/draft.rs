//! Orders described in a few words.

use reprise_model::{NewOrder, OrderOrigin, OrderType, Side, TimeInForce};

use super::world::{SPOT, id, price, qty};

/// An order being described.
#[derive(Debug, Clone)]
pub(crate) struct Draft(NewOrder);

/// A market order of strategy `a`.
pub(crate) fn order(name: &str, side: Side, size: &str) -> Draft {
    Draft(NewOrder {
        strategy: "a".parse().unwrap(),
        instrument: id(name),
        side,
        order_type: OrderType::Market,
        time_in_force: TimeInForce::Ioc,
        qty: qty(size),
        price: None,
        stop_price: None,
        expire_ts: None,
        post_only: false,
        reduce_only: false,
        group: None,
        take_profit: None,
        stop_loss: None,
        origin: OrderOrigin::Strategy,
        intent: 1,
        note: None,
    })
}

pub(crate) fn buy(size: &str) -> Draft {
    order(SPOT, Side::Buy, size)
}

pub(crate) fn sell(size: &str) -> Draft {
    order(SPOT, Side::Sell, size)
}

impl Draft {
    pub(crate) fn limit(self, at: &str) -> Draft {
        self.set(|o| {
            (o.order_type, o.time_in_force, o.price) = (OrderType::Limit, TimeInForce::Gtc, Some(price(at)));
        })
    }

    pub(crate) fn stop(self, at: &str) -> Draft {
        self.set(|o| {
            (o.order_type, o.time_in_force) = (OrderType::Stop, TimeInForce::Gtc);
            o.stop_price = Some(price(at));
        })
    }

    pub(crate) fn by(self, strategy: &str) -> Draft {
        self.set(|o| o.strategy = strategy.parse().unwrap())
    }

    pub(crate) fn of(self, name: &str) -> Draft {
        self.set(|o| o.instrument = id(name))
    }

    pub(crate) fn reduce_only(self) -> Draft {
        self.set(|o| o.reduce_only = true)
    }

    pub(crate) fn set(mut self, change: impl FnOnce(&mut NewOrder)) -> Draft {
        change(&mut self.0);
        self
    }

    pub(crate) fn terms(self) -> NewOrder {
        self.0
    }
}
