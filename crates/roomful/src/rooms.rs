//! The app's rooms, checked and ready to run.

use roomful_core::Limits;
use roomful_core::pattern::{Pattern, Topic};
use roomful_runtime::{Act, App, ClusterHealth, Drain, Platform, Stats};

use crate::payload::encode;
use crate::{Channel, Result, RoomHandle, Subscription, User, UserId};

/// All rooms of an app. A clone is cheap and is the same rooms.
///
/// Made with [`Rooms::new`] and [`build`](crate::RoomsBuilder::build). A platform's crate runs them: with `roomful-axum` it is
/// `axum::Router::new().merge(rooms.router())`. A hook has them as [`Conn::rooms`](crate::Conn::rooms).
#[derive(Clone)]
pub struct Rooms {
    app: App,
    #[cfg(feature = "typescript")]
    large_integers: crate::LargeIntegers,
}

impl Rooms {
    /// The room of one key, wherever it is.
    ///
    /// ```
    /// # use roomful::{Channel, Rooms};
    /// #[derive(Clone, Channel)]
    /// #[channel("board/:boardId", message = String)]
    /// struct Board { board_id: String }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rooms = Rooms::new().build()?;
    /// let board = rooms.at(&Board { board_id: "main".into() });
    /// assert_eq!(board.count().await?, 0);
    /// board.broadcast(&"saved".to_owned()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn at<C: Channel>(&self, key: &C) -> RoomHandle<C> {
        RoomHandle::new(self.app.clone(), key)
    }

    /// Every room of a channel that somebody is in, as its key and the number of its members: `rooms.all::<Board>().await?`.
    /// They are in no particular order, and rooms may come and go meanwhile.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) where nobody knows all rooms, as among Durable Objects.
    pub async fn all<C: Channel>(&self) -> Result<Vec<(C, usize)>> {
        let Ok(pattern) = Pattern::parse(C::PATTERN) else { return Ok(Vec::new()) };
        let all = self.app.all(&pattern).await?;
        Ok(all.into_iter().filter_map(|(params, count)| Some((C::from_params(&params).ok()?, count))).collect())
    }

    /// Every user who is online: in any room, once, with all of its members, in the order of their ids. Those are among them who
    /// have just left and may be back at once: see [`Room::on_user_join`](crate::Room::on_user_join). There are never more than
    /// [`Limits::connections`](crate::Limits::connections) and
    /// [`Limits::lingering_users`](crate::Limits::lingering_users) together. Each room is looked at for itself, so a user who
    /// goes from one to another meanwhile may be shown with the members of both.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) where nobody knows all rooms, as among Durable Objects.
    pub async fn users(&self) -> Result<Vec<User>> {
        self.app.users().await
    }

    /// Removes a user everywhere: all of its members leave at once, those too that are held without a connection, and those that are
    /// on their way into a room never get there. Their connections are closed 4410 with this reason, or with `removed` where that
    /// is empty. Nobody waits for them: [`Room::on_user_leave`](crate::Room::on_user_leave) runs now. `false` when the user is
    /// nowhere.
    ///
    /// A client that connects anew is asked again by the guards, who are to deny it, and whoever comes while its guards run is not
    /// known to be that user yet: let them deny it before this is called.
    ///
    /// # Errors
    ///
    /// When the reason has over 123 bytes; [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) where nobody knows all rooms, as
    /// among Durable Objects: there [`RoomHandle::kick_user`] does it in each room that you know.
    pub async fn kick_user(&self, user: &UserId, reason: &str) -> Result<bool> {
        self.app.kick_user(user, reason).await
    }

    /// A message to every member of every room of a channel, from nobody: a notice that the service stops at noon.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Rooms::all) and of [`RoomHandle::broadcast`]. After the first error no other room is told.
    pub async fn broadcast_all<C: Channel>(&self, msg: &C::Outgoing) -> Result {
        let msg = encode(msg)?;
        let Ok(pattern) = Pattern::parse(C::PATTERN) else { return Ok(()) };
        for (params, _) in self.app.all(&pattern).await? {
            if let Ok(topic) = pattern.topic(&params) {
                self.app.act(&topic, Act::Broadcast { msg: msg.clone() }).await?;
            }
        }
        Ok(())
    }

    /// Says something to everybody who listens to the feed of this key, and to nobody else: publishing and the rooms of one key never
    /// meet. The live values of this key are [woken](Rooms::wake). Where nobody listens, and nobody may be back, nothing is kept of it.
    ///
    /// ```
    /// # use roomful::{Channel, Rooms};
    /// #[derive(Clone, Channel)]
    /// #[channel("board/:boardId", event = String)]
    /// struct Board { board_id: String }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rooms = Rooms::new().build()?;
    /// rooms.publish(&Board { board_id: "main".into() }, &"ann saved".to_owned()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the event cannot be JSON or is over [`Limits::message_bytes`](crate::Limits::message_bytes);
    /// [`ErrorKind::Overloaded`](crate::ErrorKind::Overloaded) when too much waits for the sockets;
    /// [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) when the feed's process cannot be reached. In a cluster:
    /// [`ErrorKind::Isolated`](crate::ErrorKind::Isolated) when it was published here, and at other nodes will be late or not at all;
    /// [`ErrorKind::TooLargeForBroker`](crate::ErrorKind::TooLargeForBroker) and
    /// [`ErrorKind::NodeBehind`](crate::ErrorKind::NodeBehind) when nobody hears it.
    pub async fn publish<C: Channel>(&self, key: &C, event: &C::Event) -> Result {
        let event = encode(event)?;
        match topic_of(key) {
            Some(topic) => self.app.act(&topic, Act::Publish { event }).await.map(drop),
            None => Ok(()),
        }
    }

    /// What is [published](Rooms::publish) for this key from now on, in this process and at every node of its cluster. No feed need be
    /// registered.
    ///
    /// ```
    /// # use roomful::{Channel, Heard, Rooms};
    /// # #[derive(Clone, Channel)]
    /// # #[channel("board/:boardId", event = String)]
    /// # struct Board { board_id: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rooms = Rooms::new().build()?;
    /// let board = Board { board_id: "main".into() };
    /// let mut published = rooms.subscribe(&board);
    /// rooms.publish(&board, &"ann saved".to_owned()).await?;
    /// assert_eq!(published.next().await, Some(Heard::Event("ann saved".to_owned())));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn subscribe<C: Channel>(&self, key: &C) -> Subscription<C> {
        Subscription::new(topic_of(key).map(|topic| self.app.subscribe_here(&topic)))
    }

    /// Says that the live values of this key may have changed: those that somebody listens to are loaded anew, and sent where they
    /// are not what they were. It costs nothing where nobody listens, and however often it is said while one is loaded, one more
    /// load follows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) when the process that has them cannot be reached;
    /// [`ErrorKind::Isolated`](crate::ErrorKind::Isolated) and [`ErrorKind::NodeBehind`](crate::ErrorKind::NodeBehind) when only those of
    /// this node are woken.
    pub async fn wake<C: Channel>(&self, key: &C) -> Result {
        match topic_of(key) {
            Some(topic) => self.app.act(&topic, Act::Wake).await.map(drop),
            None => Ok(()),
        }
    }

    /// How many rooms, members and connections there are right now in this process.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.platform().stats()
    }

    /// How this process stands in its cluster: whether it is well, and which other nodes it knows. `None`: it is in none.
    ///
    /// An isolated node serves its own members, and should be given no new ones: say so where a load balancer asks whether it is
    /// ready.
    #[must_use]
    pub fn cluster(&self) -> Option<ClusterHealth> {
        self.platform().cluster_health()
    }

    /// The app's bounds.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.app.settings().limits
    }

    /// The path that upgrades come to.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.app.settings().path
    }

    /// Sends everybody away, for a server that stops. New connections are refused. The present ones are closed 1012 over time,
    /// each told when to come back, and nobody is told that the others leave. Then hooks that still run are waited for.
    ///
    /// `false` when something had not ended after [`Drain::wait_ms`].
    pub async fn drain(&self, drain: &Drain) -> bool {
        self.platform().drain(drain).await
    }

    /// For a platform crate alone: what runs these rooms.
    #[doc(hidden)]
    #[must_use]
    pub fn platform(&self) -> Platform {
        Platform::of(&self.app)
    }

    #[cfg(feature = "typescript")]
    pub(crate) fn definitions(&self) -> &[std::sync::Arc<roomful_runtime::Definition>] {
        self.app.definitions()
    }

    /// What the builder was told of integers that JavaScript rounds.
    #[cfg(feature = "typescript")]
    pub(crate) fn large_integers(&self) -> crate::LargeIntegers {
        self.large_integers
    }

    #[cfg(feature = "typescript")]
    pub(crate) fn with_large_integers(self, large_integers: crate::LargeIntegers) -> Self {
        Self { large_integers, ..self }
    }
}

/// `None` when the key names nothing: a required param is empty.
fn topic_of<C: Channel>(key: &C) -> Option<Topic> {
    Pattern::parse(C::PATTERN).ok()?.topic(&key.to_params()).ok()
}

/// For a crate that runs these rooms, or makes them a node of a cluster.
#[doc(hidden)]
impl From<&Rooms> for Platform {
    fn from(rooms: &Rooms) -> Self {
        rooms.platform()
    }
}

/// For a platform crate alone, which has made another app of the same definitions.
#[doc(hidden)]
impl From<App> for Rooms {
    fn from(app: App) -> Self {
        Self {
            app,
            #[cfg(feature = "typescript")]
            large_integers: crate::LargeIntegers::default(),
        }
    }
}
