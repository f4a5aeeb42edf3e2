//! What every broker does, asked of each of them: the one within a process, real `nats-server`s and real `redis-server`s.

#![cfg(all(feature = "nats", feature = "redis"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

mod behaviour;
mod certificates;
mod kept;
mod node;
mod refused;
mod server;

use node::Setup;
use server::{Server, Want};

/// One test a broker for each behaviour.
macro_rules! every_broker {
    ($($behaviour:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::node::in_time(super::behaviour::$behaviour(&super::Setup::memory())).await;
            })+
        }
        mod nats {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::node::in_time(super::behaviour::$behaviour(&super::real(super::Want::nats()).await)).await;
            })+
        }
        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::node::in_time(super::behaviour::$behaviour(&super::real(super::Want::redis()).await)).await;
            })+
        }
        mod redis_cluster {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::node::in_time(super::behaviour::$behaviour(&super::real(super::Want::redis_cluster()).await)).await;
            })+
        }
    };
}

every_broker!(
    what_is_said_to_one_address_is_heard_once_and_in_order,
    nothing_is_missed_after_a_subscription_was_confirmed,
    a_question_is_answered_with_who_hears_it,
    of_two_that_open_one_room_at_once_one_hears_the_other,
    whoever_unsubscribes_hears_no_more_and_does_not_count,
    apps_do_not_hear_each_other,
    rubbish_is_heard_as_it_is_and_breaks_nothing,
    what_fits_passes_and_what_does_not_is_refused_at_the_call,
    thousands_of_rooms_are_told_apart,
    what_is_not_taken_is_bounded_and_counted,
    a_broker_that_is_killed_ends_the_link_and_a_fresh_one_works,
);

/// The same for those that keep what is said.
macro_rules! every_keeper {
    ($($behaviour:ident),+ $(,)?) => {
        mod memory_keeps {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::node::in_time(super::kept::$behaviour(&super::Setup::memory())).await;
            })+
        }
        mod jetstream_keeps {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::node::in_time(super::kept::$behaviour(&super::real(super::Want::jetstream()).await)).await;
            })+
        }
        mod redis_keeps {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::node::in_time(super::kept::$behaviour(&super::real(super::Want::redis()).await)).await;
            })+
        }
        mod redis_cluster_keeps {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::node::in_time(super::kept::$behaviour(&super::real(super::Want::redis_cluster()).await)).await;
            })+
        }
    };
}

every_keeper!(
    what_is_kept_is_numbered_once_and_heard_in_one_order,
    what_was_kept_is_read_from_any_number_on,
    what_comes_too_late_is_kept_by_nobody,
    what_is_kept_is_bounded,
    a_broker_that_forgets_begins_another_run_above_all_that_was_seen,
);

/// What JetStream keeps belongs to all rooms of an app.
mod jetstream {
    #[tokio::test]
    async fn a_stream_that_somebody_empties_is_another_run() {
        super::node::in_time(super::kept::a_stream_that_somebody_empties_is_another_run()).await;
    }

    #[tokio::test]
    async fn what_was_kept_is_there_after_the_server_began_anew() {
        super::node::in_time(super::kept::what_was_kept_is_there_after_the_server_began_anew()).await;
    }
}

async fn real(want: Want) -> Setup {
    Setup::Real(Server::start(want).await)
}
