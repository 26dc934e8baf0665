"""What the model is shown besides the cursor: today, a window of the file itself."""

from codegpt.context.fit import Window, fit_window

__all__ = ["Window", "fit_window"]
