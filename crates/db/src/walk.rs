//! Walks over everybody, a set at a time.

/// Works on one set after the other, and returns what that came to: while one is worked on, the next is read.
///
/// `read` gets the place where the set before ended, and answers where its own ends, or nothing behind the last. What it
/// read may have changed by the time that `work` writes: whoever writes says what counts then.
///
/// # Errors
///
/// The first error of either, after what was begun beside it has ended.
pub async fn walk<K: Copy, S, T, E, R, W>(
    read: impl Fn(Option<K>) -> R,
    mut work: impl FnMut(S) -> W,
) -> Result<Vec<T>, E>
where
    R: Future<Output = Result<Option<(K, S)>, E>>,
    W: Future<Output = Result<T, E>>,
{
    let mut outcomes = Vec::new();
    let mut next = read(None).await?;
    while let Some((end, set)) = next {
        let (worked, read) = tokio::join!(work(set), read(Some(end)));
        outcomes.push(worked?);
        next = read?;
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};

    use super::*;

    fn tens(after: Option<i32>, most: i32) -> Ready<Result<Option<(i32, i32)>, String>> {
        let next = after.map_or(0, |after| after + 1);
        ready(Ok((next < most).then_some((next, next * 10))))
    }

    #[tokio::test]
    async fn each_set_is_worked_on_once_in_order() {
        let all = walk(|after| tens(after, 4), async |set| Ok(set + 1)).await;
        assert_eq!(all, Ok(vec![1, 11, 21, 31]));
        assert_eq!(walk(|after| tens(after, 0), async |set| Ok(set)).await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn an_error_of_either_ends_the_walk() {
        let failing = async |set| if set == 20 { Err("work".to_owned()) } else { Ok(()) };
        assert_eq!(walk(|after| tens(after, 4), failing).await, Err("work".to_owned()));
        let read = async |after| if after == Some(1) { Err("read".to_owned()) } else { tens(after, 4).await };
        assert_eq!(walk(read, async |_| Ok(())).await, Err("read".to_owned()));
    }
}
