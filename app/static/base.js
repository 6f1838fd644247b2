// Streamlit looks for its server under the page's own path first, and logs a 404 for each try; the server is at the root.
window.__streamlit = Object.assign(window.__streamlit || {}, { BACKEND_BASE_URL: window.location.origin + "/" });
