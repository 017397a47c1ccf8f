"""The core of ``donorlab app``, without a browser: what can be chosen, what is answered, what is watched and taught."""
