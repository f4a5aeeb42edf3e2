//! What is asked of a room from outside any connection, in a worker. That is no node of a cluster, so nobody comes here.
//!
//! What an `async fn` may wait for is a part of the program, whether it can ever come to that or not; and a worker is downloaded. So
//! what asks other nodes is left out there, and what would ask them does with what is here.

use roomful_core::pattern::{Pattern, Topic};
use roomful_core::{Close, UserId};

use crate::Result;
use crate::act::{Act, Answer};
use crate::app::App;
use crate::clustered::Node;
use crate::roster::User;

impl App {
    pub(crate) async fn act_over_nodes(&self, _: &Node, topic: &Topic, act: Act) -> Result<Answer> {
        self.act_here(Some(topic), act)
    }

    pub(crate) async fn users_over_nodes(&self, _: &Node) -> Result<Vec<User>> {
        Ok(self.all_users_here())
    }

    pub(crate) async fn kick_user_over_nodes(&self, _: &Node, user: &UserId, close: &Close) -> Result<bool> {
        Ok(self.hub().kick_user(None, user, close))
    }

    pub(crate) async fn all_over_nodes(&self, _: &Node, _: &Pattern) -> Result<Vec<(String, usize)>> {
        Ok(self.all_here())
    }
}
