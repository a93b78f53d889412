//! Messages that wait for their turn: venues take so many in a time and no more.

use std::collections::VecDeque;

use reprise_model::Ts;

use crate::dialect::Pace;

/// A message and the instruments whose subscription it completes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub text: String,
    pub completes: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    pace: Pace,
    waiting: VecDeque<Message>,
    /// When the next message after a full burst would be on time: the theoretical arrival time of the generic cell
    /// rate algorithm (ITU-T I.371).
    due: Ts,
}

impl Outbox {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, waiting: VecDeque::new(), due: Ts(0) }
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn push(&mut self, message: Message) {
        self.waiting.push_back(message);
    }

    /// The message pushed last is what these instruments wait for.
    pub(crate) fn complete_with(&mut self, these: &[usize]) {
        if let Some(last) = self.waiting.back_mut() {
            last.completes.extend_from_slice(these);
        }
    }

    /// Before everything that waits.
    pub(crate) fn push_first(&mut self, text: String) {
        self.waiting.push_front(Message { text, completes: Vec::new() });
    }

    /// The next message that may be sent now.
    pub(crate) fn next(&mut self, now: Ts) -> Option<Message> {
        if self.waiting.is_empty() || now < self.free_at() {
            return None;
        }
        self.due = self.due.max(now).plus_ns(self.pace.every_ns);
        self.waiting.pop_front()
    }

    /// When the next message may be sent; never while none waits.
    pub(crate) fn wake_at(&self) -> Ts {
        if self.waiting.is_empty() { Ts::NEVER } else { self.free_at() }
    }

    fn free_at(&self) -> Ts {
        let ahead = self.pace.every_ns.saturating_mul(u64::from(self.pace.burst.saturating_sub(1)));
        Ts(self.due.0.saturating_sub(ahead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pace: Pace, messages: usize, step_ns: u64, until_ns: u64) -> Vec<u64> {
        let mut outbox = Outbox::new(pace);
        for _ in 0..messages {
            outbox.push(Message { text: String::new(), completes: Vec::new() });
        }
        let mut times = Vec::new();
        for now in (1_000..until_ns).step_by(step_ns as usize) {
            while outbox.next(Ts(now)).is_some() {
                times.push(now);
            }
        }
        times
    }

    /// Breaks when more messages leave in a time than the venue takes, or when they stop leaving.
    #[test]
    fn no_more_than_the_pace() {
        assert_eq!(sent(Pace { burst: 1, every_ns: 100 }, 4, 10, 2_000), [1_000, 1_100, 1_200, 1_300]);
        assert_eq!(sent(Pace { burst: 3, every_ns: 100 }, 5, 10, 2_000), [1_000, 1_000, 1_000, 1_100, 1_200]);
        let times = sent(Pace { burst: 5, every_ns: 70 }, 50, 7, 10_000);
        assert_eq!(times.len(), 50);
        for window in times.windows(12) {
            assert!(window[11] - window[0] >= 7 * 70, "{window:?}");
        }
    }

    /// Breaks when the outbox asks to be woken at the wrong time.
    #[test]
    fn wakes_when_the_next_may_leave() {
        let mut outbox = Outbox::new(Pace { burst: 1, every_ns: 100 });
        assert_eq!(outbox.wake_at(), Ts::NEVER);
        outbox.push(Message { text: "a".to_owned(), completes: vec![] });
        outbox.push_first("b".to_owned());
        assert_eq!(outbox.next(Ts(500)).map(|m| m.text).as_deref(), Some("b"));
        assert_eq!((outbox.next(Ts(599)), outbox.wake_at()), (None, Ts(600)));
        assert_eq!(outbox.next(Ts(600)).map(|m| m.text).as_deref(), Some("a"));
        assert_eq!(outbox.wake_at(), Ts::NEVER);
    }
}
