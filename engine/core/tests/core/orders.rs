//! Orders that are over: how long they are remembered, and what may still come for them.

use reprise_core::State;
use reprise_model::event::{
    CancelReason, Fill, Hold, OrderAccepted, OrderCanceled, OrderDenied, OrderPartiallyFilled,
    OrderRequested, OrderSubmitted,
};
use reprise_model::{
    Cash, Code, Label, Liquidity, OrderId, OrderStatus, Outcome, Qty, Refusal, RequestOf, Ts,
};

use crate::support::{MIDNIGHT, SPOT, asset, buy, cash, instrument, price, qty, quiet};

fn order(n: u32) -> OrderId {
    OrderId { epoch: 0, n }
}

/// A state to which outcomes are applied by hand.
struct Desk {
    state: State,
    n: u32,
}

impl Desk {
    fn new() -> Self {
        Self { state: State::new(quiet().into(), &[instrument(SPOT)]).expect("a state"), n: 0 }
    }

    fn apply(&mut self, outcome: impl Into<Outcome>) -> Result<(), String> {
        let seq = self.state.seq().next();
        self.state.apply(seq, Ts(MIDNIGHT), &outcome.into()).map_err(|e| e.to_string())
    }

    fn request(&mut self) -> OrderId {
        self.n += 1;
        let id = order(self.n);
        self.apply(Box::new(OrderRequested { order: id, terms: buy(SPOT, "100") })).expect("it follows");
        id
    }

    fn deny(&mut self) {
        let denied = OrderDenied {
            order: self.request(),
            request: RequestOf::New,
            refusal: Refusal::new(Code::Halted),
        };
        self.apply(denied).expect("it follows");
    }

    /// Requested, submitted, accepted, canceled.
    fn cancel(&mut self) -> OrderId {
        let id = self.request();
        let hold = Hold { asset: asset("USD"), amount: cash("100") };
        let steps: [Outcome; 3] = [
            Box::new(OrderSubmitted { order: id, terms: buy(SPOT, "100"), hold }).into(),
            OrderAccepted { order: id, venue_order_id: None, adopted: None }.into(),
            OrderCanceled { order: id, reason: CancelReason::Strategy, leaves_qty: qty("1") }.into(),
        ];
        for step in steps {
            self.apply(step).expect("it follows");
        }
        id
    }

    fn fill(&mut self, id: OrderId) -> Result<(), String> {
        self.apply(OrderPartiallyFilled {
            fill: Fill {
                order: id,
                exec_id: Label::new("late").expect("a short name"),
                qty: qty("0.5"),
                price: price("100"),
                fee: Cash::ZERO,
                fee_asset: asset("USD"),
                liquidity: Liquidity::Maker,
                cum_qty: qty("0.5"),
                leaves_qty: Qty::ZERO,
            },
        })
    }
}

/// Breaks when a fill that overtook its cancel is not booked, opens the order again, or brings back its hold.
#[test]
fn late_fills_are_booked() {
    let mut desk = Desk::new();
    let id = desk.cancel();
    desk.fill(id).expect("money moved");
    let state = &desk.state;
    let order = state.orders.get(id).expect("it was just over");
    assert_eq!((order.status, order.cum_qty), (OrderStatus::Canceled, qty("0.5")));
    assert_eq!(state.account.balance(asset("BTC")).total, cash("0.5"));
    assert_eq!(state.account.balance(asset("USD")).held, Cash::ZERO);
    assert_eq!((state.orders.open_count(), state.orders.open().count()), (0, 0));
}

/// Breaks when the state grows with every order there ever was; or when denials, of which there can be one at
/// every tick, push out the orders for which a fill may still come.
#[test]
fn orders_that_are_over_leave_in_turn() {
    let mut desk = Desk::new();
    let first = desk.cancel();
    for _ in 0..1000 {
        desk.deny();
    }
    desk.fill(first).expect("a thousand denials later");
    let size = |state: &State| state.canonical().len();
    let with_denials = size(&desk.state);
    for _ in 0..127 {
        desk.cancel();
    }
    desk.fill(first).expect_err("an execution counted twice is refused, and it is still known");
    assert!(desk.state.orders.get(first).is_some());
    desk.cancel();
    assert_eq!(desk.state.orders.get(first), None, "the oldest of 129 is gone");
    assert!(desk.fill(first).expect_err("it is gone").contains("was over too long ago"));
    let full = size(&desk.state);
    for _ in 0..500 {
        desk.cancel();
        desk.deny();
    }
    assert!(size(&desk.state) < full + 2000, "{with_denials}, {full}, {}", size(&desk.state));
}
