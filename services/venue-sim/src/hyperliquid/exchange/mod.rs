//! `/exchange`: who asks, whether it is allowed, and what becomes of it.
//!
//! As the venue does, an action is read and written again in the venue's own form before its signature is
//! checked. Where that changes the text, because keys stand in another order or a number has a zero too many,
//! the signature is some unknown wallet's, and the answer says so.

pub(super) mod orders;
mod refusals;
mod settings;

use reprise_venues::hyperliquid::action::{Action, ExchangeRequest};
use reprise_venues::hyperliquid::sign::{Address, Network, UserAction, Value, recover_l1, recover_user};
use serde_json::json;

use super::desk::Agent;
use super::{Counter, Front, Unanswered};
use crate::exchange::AccountIx;

/// What is answered, as JSON.
type Answer = serde_json::Value;

/// The action is refused as a whole.
fn refused(reason: impl Into<String>) -> Answer {
    json!({"status": "err", "response": reason.into()})
}

/// The action is done and there is nothing to tell.
fn done() -> Answer {
    json!({"status": "ok", "response": {"type": "default"}})
}

/// The action was taken, with an answer for each order.
fn statuses(kind: &str, statuses: Vec<Answer>) -> Answer {
    json!({"status": "ok", "response": {"type": kind, "data": {"statuses": statuses}}})
}

/// A request that was read, and the wallet that signed it.
struct Signed {
    signer: Address,
    vault: Option<Address>,
    nonce: u64,
    expires_after: Option<u64>,
    is_canonical: bool,
    what: What,
}

enum What {
    Exchange(Action),
    Approve {
        agent: Address,
        name: String,
    },
    /// An action that the venue has and the simulator has not.
    Unsupported(String),
}

/// Answers a request.
pub(super) async fn answer(front: &Front, body: &str) -> Result<Answer, Unanswered> {
    let request: ExchangeRequest<'_> = serde_json::from_str(body).map_err(|_| Unanswered::Unreadable)?;
    match read(&request, front.network())? {
        Err(reason) => Ok(refused(reason)),
        Ok(signed) => {
            let watched = front.clone();
            Ok(front.ask(move |counter| carry_out(counter, signed, &watched)).await?)
        }
    }
}

/// What is asked and who asks; in words, why it is nobody.
fn read(request: &ExchangeRequest<'_>, network: Network) -> Result<Result<Signed, String>, Unanswered> {
    let action = Value::parse(request.action.get()).map_err(|_| Unanswered::Unreadable)?;
    let kind = action.get("type").and_then(Value::as_text).ok_or(Unanswered::Unreadable)?;
    let signed = |signer, is_canonical, what| Signed {
        signer,
        vault: request.vault_address,
        nonce: request.nonce,
        expires_after: request.expires_after,
        is_canonical,
        what,
    };
    let scope = request.scope();
    if let Ok(known) = serde_json::from_str::<Action>(request.action.get()) {
        let canonical = Value::of(&known).map_err(|_| Unanswered::Unreadable)?;
        let signer = recover_l1(&request.signature, &canonical, &scope, network);
        let what = What::Exchange(known);
        return Ok(signer.map(|signer| signed(signer, canonical == action, what)).map_err(|e| e.to_string()));
    }
    if let Some(user_action) = UserAction::of_type(kind) {
        let chain = action.get("hyperliquidChain").and_then(Value::as_text);
        if chain != Some(network.chain()) {
            return Ok(Err(format!("Invalid chain: this network is {}", network.chain())));
        }
        let signer = match recover_user(&request.signature, &action, user_action) {
            Ok(signer) => signer,
            Err(error) => return Ok(Err(error.to_string())),
        };
        return Ok(Ok(signed(signer, true, user_asks(&action, kind))));
    }
    // Actions of other kinds are what deployers, validators and vault leaders send.
    const OTHERS: [&str; 12] = [
        "vaultTransfer",
        "createSubAccount",
        "subAccountTransfer",
        "subAccountSpotTransfer",
        "setReferrer",
        "twapOrder",
        "twapCancel",
        "multiSig",
        "convertToMultiSigUser",
        "spotDeploy",
        "perpDeploy",
        "evmUserModify",
    ];
    if !OTHERS.contains(&kind) {
        return Err(Unanswered::Unreadable);
    }
    let signer = recover_l1(&request.signature, &action, &scope, network);
    let what = What::Unsupported(kind.to_owned());
    Ok(signer.map(|signer| signed(signer, true, what)).map_err(|e| e.to_string()))
}

fn user_asks(action: &Value, kind: &str) -> What {
    let text = |key| action.get(key).and_then(Value::as_text).unwrap_or_default();
    match text("agentAddress").parse() {
        Ok(agent) if kind == "approveAgent" => What::Approve { agent, name: text("agentName").to_owned() },
        _ => What::Unsupported(kind.to_owned()),
    }
}

fn carry_out(counter: &mut Counter<'_>, signed: Signed, front: &Front) -> Answer {
    let Signed { signer, vault, nonce, expires_after, is_canonical, what } = signed;
    if !is_canonical && !counter.desk.knows(signer) {
        return refused(format!("User or API Wallet {signer} does not exist."));
    }
    let now_ms = counter.now_ms();
    if expires_after.is_some_and(|end| end < now_ms) {
        return refused("Action expired.");
    }
    if let Err(reason) = counter.desk.use_nonce(signer, nonce, now_ms) {
        return refused(reason);
    }
    let master = counter.desk.agent(signer).map(|agent| agent.master);
    let account = counter.house.account(&vault.or(master).unwrap_or(signer).to_string());
    match what {
        What::Exchange(action) => act(counter, account, action, front),
        What::Approve { .. } if master.is_some() => refused("An agent cannot approve agents."),
        What::Approve { agent, name } => {
            counter.desk.approve(Agent { address: agent, master: signer, name });
            done()
        }
        What::Unsupported(kind) => {
            refused(format!("The simulator does not carry out actions of the type {kind}."))
        }
    }
}

fn act(counter: &mut Counter<'_>, account: AccountIx, action: Action, front: &Front) -> Answer {
    match action {
        Action::Order { orders, grouping, .. } => orders::place(counter, account, &orders, grouping),
        Action::Cancel { cancels } => {
            let each = cancels.iter().map(|one| {
                let order = counter.house.ledger(account).by_number(one.oid).cloned();
                orders::cancel(counter, account, one.asset, order)
            });
            statuses("cancel", each.collect())
        }
        Action::CancelByCloid { cancels } => {
            let each = cancels.iter().map(|one| {
                let order = counter.house.ledger(account).by_client_id(&one.cloid.to_string()).cloned();
                orders::cancel(counter, account, one.asset, order)
            });
            statuses("cancel", each.collect())
        }
        Action::Modify { oid, order } => match orders::modify(counter, account, oid, &order) {
            Ok(_) => done(),
            Err(reason) => refused(reason),
        },
        Action::BatchModify { modifies } => {
            let each = modifies.iter().map(|one| {
                orders::modify(counter, account, one.oid, &one.order)
                    .unwrap_or_else(|reason| json!({"error": reason}))
            });
            statuses("order", each.collect())
        }
        Action::UpdateLeverage { asset, is_cross, leverage } => {
            settings::leverage(counter, account, asset, is_cross, leverage)
        }
        Action::UpdateIsolatedMargin { .. } => {
            refused("The simulator margins every position with the whole account.")
        }
        Action::ScheduleCancel { time } => settings::schedule_cancel(counter, account, time, front),
        Action::Noop => done(),
    }
}
