//! What the platform lends to the rooms of one object.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use roomful_core::session::Token;
use roomful_core::{MemberId, Millis};
use roomful_runtime::{BoxFuture, Host, Keeper};
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::spawn_local;
use worker::worker_sys::ext::WebSocketExt as _;
use worker::{Date, Delay, State, WebSocket};

use crate::alarm::Alarm;
use crate::store::Store;
use crate::tasks::Tasks;

/// What the platform keeps beside a socket is 16,384 bytes as it writes them down; this much of it is not ours.
const KEPT_BYTES: usize = 16_384 - 64;

/// What the platform gives an isolate. Several objects may share one, so no object's part of it is certain.
const ISOLATE_BYTES: usize = 128 << 20;

/// A longer timer goes off at once.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

/// The clock, the tasks and the attachments of one object.
pub(crate) struct ObjectHost {
    pub(crate) tasks: Tasks,
    pub(crate) store: Rc<Store>,
    pub(crate) alarm: Rc<Alarm>,
    /// By the ids that they are kept by.
    sockets: RefCell<HashMap<MemberId, WebSocket>>,
    latest: Cell<Millis>,
}

impl ObjectHost {
    pub(crate) fn new(state: &Rc<State>) -> Self {
        let tasks = Tasks::default();
        let store = Rc::new(Store::new(Rc::clone(state), tasks.clone()));
        let alarm = Rc::new(Alarm::new(Rc::clone(state), Rc::clone(&store), tasks.clone()));
        Self { tasks, store, alarm, sockets: RefCell::default(), latest: Cell::new(0) }
    }

    /// From now on what is to be kept of this member lies beside this socket.
    pub(crate) fn attach(&self, member: MemberId, socket: WebSocket) {
        self.sockets.borrow_mut().insert(member, socket);
    }

    pub(crate) fn detach(&self, member: &MemberId) {
        self.sockets.borrow_mut().remove(member);
    }

    pub(crate) fn detach_all(&self) {
        self.sockets.take();
    }

    fn write(&self, member: &MemberId, attachment: &JsValue) {
        let Some(socket) = self.sockets.borrow().get(member).cloned() else { return };
        let written = socket.as_ref().serialize_attachment(attachment.clone());
        if let Err(error) = written {
            tracing::error!(%member, ?error, "what is to be kept of a connection was not taken");
        }
    }
}

impl Host for ObjectHost {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.tasks.spawn(task);
    }

    /// It is not waited for: an event would last until then.
    fn wait(&self, task: BoxFuture<'static, ()>) {
        spawn_local(task);
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(Date::now().as_millis())
    }

    fn now(&self) -> Millis {
        self.latest.set(self.latest.get().max(Date::now().as_millis()));
        self.latest.get()
    }

    fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()> {
        let wait = Duration::from_millis(at.saturating_sub(self.now()));
        Box::pin(Delay::from(wait.min(LONGEST_TIMER)))
    }

    fn memory(&self) -> Option<usize> {
        Some(ISOLATE_BYTES)
    }

    fn random(&self) -> u128 {
        uuid::Uuid::new_v4().as_u128()
    }

    fn keeper(&self) -> Option<&dyn Keeper> {
        Some(self)
    }
}

impl Keeper for ObjectHost {
    fn keep(&self, member: &MemberId, kept: &[u8]) {
        self.write(member, &Uint8Array::from(kept));
    }

    fn forget(&self, member: &MemberId) {
        self.write(member, &JsValue::NULL);
    }

    fn hold(&self, member: &MemberId, kept: &[u8]) {
        self.store.put_held(member, kept);
    }

    fn let_go(&self, member: &MemberId) {
        self.store.delete_held(member);
    }

    fn bar(&self, token: Token, barred: &[u8]) {
        self.store.put_barred(token, barred);
    }

    fn unbar(&self, token: Token) {
        self.store.delete_barred(token);
    }

    fn limit(&self) -> usize {
        KEPT_BYTES
    }

    fn wake_by(&self, at: Millis) {
        self.alarm.set_behind_timer(at);
    }

    fn wake_at(&self, at: Millis) {
        self.alarm.set_for(at);
    }
}
