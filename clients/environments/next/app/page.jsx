// A server component, which imports what uses a room.
import { Here } from './here.jsx';

export default function Page() {
    return (
        <main>
            <h1>From the server</h1>
            <Here roomId="main" />
        </main>
    );
}
