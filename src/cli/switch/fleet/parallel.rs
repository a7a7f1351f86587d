//! The same for several hosts at the same time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many hosts are asked, or copied to, at the same time.
const AT_ONCE: usize = 8;

/// Does something for each item, for several of them at the same time, and returns what came of each, in their order.
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(items.len()) {
            scope.spawn(|| {
                while let Some((at, item)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    items.get(at).map(|item| (at, item))
                } {
                    let came = work(item);
                    done.lock()
                        .expect("no thread panics while it holds it")
                        .push((at, came));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no thread panics while it holds it");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, came)| came).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_done_once_and_in_order() {
        let items: Vec<usize> = (0..100).collect();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let doubled = each(&items, |item| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
            item * 2
        });
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(most.into_inner() <= AT_ONCE);
        assert_eq!(each(&[], |item: &usize| *item), Vec::<usize>::new());
    }
}
