"""Attribution drift: what drives a version on the rows it really meets, month by month."""
