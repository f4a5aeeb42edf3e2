{{render-import}}
import { Page } from './Page';

const root = document.getElementById('page');
if (root) {{render}};
